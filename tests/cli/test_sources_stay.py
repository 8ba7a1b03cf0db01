"""Whatever a command writes, the spec or the saved plan that it was made from is not replaced."""

import os
from pathlib import Path

import pytest

WRITING = {
    "a plan": ("plan", "mine.toml", "-o"),
    "results": ("results", "mine.toml", "--format", "csv", "-o"),
    "parquet": ("results", "mine.toml", "--format", "parquet", "-o"),
    "an archive": ("pack", "mine.toml", "--force", "-o"),
    "tensors": ("export", "mine.toml", "imp/s0/l1/mask", "--force"),
}


@pytest.fixture
def spec(place):
    """A spec with what it extends, and other names of both."""
    Path("mine.toml").write_text('extends = "study.toml"\n')
    Path("link.toml").symlink_to("study.toml")
    os.link("mine.toml", "second.toml")
    return {name: Path(name).read_bytes() for name in ("mine.toml", "study.toml")}


@pytest.mark.parametrize("output", ["mine.toml", "study.toml", "../{here}/mine.toml", "link.toml", "second.toml"])
@pytest.mark.parametrize("words", WRITING.values(), ids=WRITING)
def test_a_spec_and_what_it_extends_stay(spec, place, lmcspec, finished, words, output):
    output = output.format(here=place.name)
    said = lmcspec(*words, output, "--store", str(finished))
    assert said.code == 2 and f"{output} would be replaced" in said.err and "name another file" in said.err
    assert {name: Path(name).read_bytes() for name in spec} == spec
    assert Path("link.toml").is_symlink() and os.path.samefile("mine.toml", "second.toml")


def test_a_saved_plan_stays(place, lmcspec, finished):
    assert lmcspec("plan", "study.toml", "-o", "plan.json", "--store", str(finished)).code == 0
    before = Path("plan.json").read_bytes()
    for words in (
        ("plan", "plan.json"),
        ("results", "plan.json", "--format", "json"),
        ("pack", "plan.json", "--force"),
    ):
        said = lmcspec(*words, "-o", "plan.json", "--store", str(finished))
        assert said.code == 2 and "plan.json would be replaced" in said.out + said.err
    assert Path("plan.json").read_bytes() == before
    # A plan of before gives way to the one of today.
    assert lmcspec("plan", "study.toml", "-o", "plan.json", "--store", str(finished)).code == 0

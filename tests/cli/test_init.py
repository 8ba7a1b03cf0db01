"""`lmcspec init`: what it writes runs as it says, and nothing is overwritten."""

import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import lmcspec as package
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.spec.shipped_specs import ShippedSpec, described
from lmcspec.spec.template_files import PLUGIN, templates

ROOT = Path(__file__).parents[2]
SPECS = [name for name in templates() if name != PLUGIN]
MINUTE = 60.0


def test_the_templates_are_listed(place, lmcspec):
    said = lmcspec("init")
    assert said.code == 0 and "next: lmcspec init " in said.err
    named = dict(line.split(maxsplit=1) for line in said.out.splitlines())
    assert named.keys() == {"lottery", "distilled", "stability", "permutation", "landscape", "plugin"}
    assert all(about.endswith(("?", ".")) for about in named.values())
    listed = lmcspec("init", "--format", "json").data["templates"]
    assert {template["name"]: template["about"] for template in listed} == named


def test_the_page_has_a_row_for_each():
    page = (ROOT / "docs" / "first-steps.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", page.partition("## Specs that ship")[0], re.MULTILINE)
    assert set(rows) == set(templates()) and len(rows) == len(set(rows))


@pytest.mark.parametrize("template", SPECS)
def test_a_template_becomes_a_spec_that_plans(place, lmcspec, template):
    said = lmcspec("init", template)
    assert said.code == 0 and said.out == f"{template}.toml\n"
    commands = [line.partition("#")[0].removeprefix("next:").strip() for line in said.err.splitlines()]
    assert commands == [f"lmcspec {command} {template}.toml" for command in ("plan", "run", "report")]
    assert lmcspec(*commands[0].split()[1:]).code == 0


@pytest.mark.parametrize("template", SPECS)
def test_a_template_says_what_it_costs(place, lmcspec, template):
    lmcspec("init", template)
    spec: ShippedSpec = described(template, Path(f"{template}.toml"))
    plan = package.load(f"{template}.toml").plan().graph
    counts = {kind: sum(task.kind == kind for task in plan.counted) for kind in ("train", "prune", "path", "match")}
    assert spec.trainings == counts["train"]
    assert re.findall(r"(\d+) prunes", spec.cost) == [str(counts["prune"])] * bool(counts["prune"])
    assert re.findall(r"(\d+) paths", spec.cost) == [str(counts["path"])] * bool(counts["path"])
    images = sum(cost.work.images for cost in outlook(plan, None).running.values())
    assert spec.images == pytest.approx(images, rel=0.07)


@pytest.mark.parametrize("template", SPECS)
def test_each_line_that_may_puzzle_names_its_page(template):
    text = (ROOT / "lmcspec" / "spec" / "templates" / f"{template}.toml").read_text()
    pages = re.findall(r"docs/[\w-]+\.md", text)
    assert len(set(pages)) >= 3 and all((ROOT / page).is_file() for page in pages)
    for page, heading in re.findall(r"(docs/[\w-]+\.md) \(([^)]+)\)", text):
        assert f"\n## {heading}\n" in (ROOT / page).read_text()
    sections = re.findall(r"^\[\w+(?:\.\w+)?\]", text, re.MULTILINE)
    assert len(sections) >= 4 and max(map(len, text.splitlines())) <= 128


@pytest.mark.slow
@pytest.mark.parametrize("template", SPECS)
def test_a_template_runs_within_a_minute(template, place, lmcspec):
    """On two cores that do nothing else; here it may take longer, and says why."""
    lmcspec("init", template)
    begun = time.process_time(), os.times().children_user
    frame = package.load(f"{template}.toml").plan().run(workers=2, track=False, progress=False).frame()
    seconds = time.process_time() - begun[0] + os.times().children_user - begun[1]
    assert seconds < 2 * MINUTE, "of two cores"
    assert (frame.outcome == "ok").all() and len(frame)
    assert lmcspec("report", f"{template}.toml").code == 0
    figures = load(Path(f"{template}.toml")).cases[0].study.figures
    drawn = {path.stem for path in Path(".lmcspec/reports", template).glob("*.png")}
    assert drawn == set(figures)


@pytest.mark.parametrize(
    ("path", "written"), [("first.toml", "first.toml"), ("deep/er/first", "deep/er/first.toml"), (".", "lottery.toml")]
)
def test_the_study_is_called_as_its_file_is(place, lmcspec, path, written):
    assert lmcspec("init", "lottery", path).out == f"{written}\n"
    assert load(Path(written)).name == Path(written).stem
    line = Path(written).read_text().partition("\nstudy")[2].partition("\n")[0]
    assert "# a name of your own" in line


@pytest.mark.parametrize("template", ["lottery", "plugin"])
def test_nothing_is_overwritten(place, lmcspec, template):
    said = lmcspec("init", template, "mine")
    place_of = Path(said.out.strip())
    before = sorted((path, path.stat().st_mtime_ns) for path in (place_of, *place_of.rglob("*")))
    again = lmcspec("init", template, "mine")
    assert again.code == 2 and f"{place_of} is there already, and nothing is overwritten" in again.err
    assert sorted((path, path.stat().st_mtime_ns) for path in (place_of, *place_of.rglob("*"))) == before
    other = "other.toml" if template == "lottery" else "other"
    Path(other).symlink_to("nowhere")
    assert lmcspec("init", template, "other").code == 2 and not Path("nowhere").exists()
    assert {path.name for path in place.iterdir()} == {"study.toml", place_of.name, other}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("lotery",), "did you mean lottery?"),
        (("transformers",), "there are "),
        (("lottery", "mine.yaml"), "call it mine.toml"),
        (("lottery", "a b"), "a study can't be called 'a b'"),
        (("plugin", "a.b"), "a package can't be called 'a.b'"),
        (("lottery", "x" * 121), "at most 120 characters"),
        (("lottery", "x" * 300), "too long for a path"),
        (("plugin", "x" * 300), "too long for a path"),
        (("plugin", "class"), "a word of Python's"),
        (("plugin", "None"), "a word of Python's"),
        (("plugin", "mine-"), "a package can't be called 'mine-'"),
        (("plugin", "numpy"), "there is a package called numpy already"),
        (("lottery", "study.toml/mine"), "can't write study.toml/mine.toml"),
    ],
)
def test_what_can_t_be_written_is_told(place, lmcspec, words, told):
    said = lmcspec("init", *words)
    assert said.code == 2 and told in said.err
    assert [path.name for path in place.iterdir()] == ["study.toml"]


def test_a_disk_that_is_full_leaves_no_half_spec(place, lmcspec, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lmcspec.base.drafts.os.fsync", full)
    said = lmcspec("init", "lottery", "mine")
    assert said.code == 2 and "can't write mine.toml: No space left on device" in said.err
    assert [path.name for path in place.iterdir()] == ["study.toml"]


def test_the_longest_name_makes_a_spec_that_loads(place, lmcspec):
    name = "x" * 120
    assert lmcspec("init", "lottery", name).code == 0 and load(Path(f"{name}.toml")).name == name


def test_the_package_asks_no_index_for_lmcspec(place, lmcspec):
    """It is on none: whoever took the name there would be installed in its place."""
    lmcspec("init", "plugin", "my-cards")
    assert tomllib.loads(Path("my-cards/pyproject.toml").read_text())["project"]["dependencies"] == []


@pytest.mark.slow
def test_the_package_works_once_it_is_installed(place, lmcspec, tmp_path):
    """Made known by hand as an editable installation does it: by a .pth file and an entry point."""
    said = lmcspec("init", "plugin", "my-cards")
    assert said.code == 0 and said.out == "my-cards\n" and "uv pip install -e my-cards" in said.err
    files = {path.relative_to("my-cards").as_posix() for path in Path("my-cards").rglob("*") if path.is_file()}
    assert {"pyproject.toml", "rings.toml", "my_cards/cards.py", "tests/test_rings.py"} <= files
    assert not any("lmcspec_rings" in Path("my-cards", file).read_text() for file in files)
    installed = tmp_path / "installed" / "my_cards-0.1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-cards\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text("[lmcspec.cards]\nrings = my_cards.cards\n")
    path = os.pathsep.join([str(tmp_path / "my-cards"), str(installed.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    program = [sys.executable, "-c", "from lmcspec.cli import main; main()"]
    ran = subprocess.run([*program, "run", "my-cards/rings.toml"], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0 and "spread" in ran.stdout, ran.stderr
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "my-cards"]
    tested = subprocess.run(tests, env=environment, capture_output=True, text=True)
    assert tested.returncode == 0 and " passed" in tested.stdout, tested.stdout

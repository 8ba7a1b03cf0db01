"""What CONTRIBUTING.md and docs/extending.md show is true: so many files, which do what is said of them in a copy."""

import ast
import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from safetensors.numpy import load_file

ROOT = Path(__file__).parents[1]
PAGES = [(ROOT / page).read_text(encoding="utf-8") for page in ("CONTRIBUTING.md", "docs/extending.md")]
SECTION = re.compile(r"^##+ ([^\n]*): (\d+) files?\n(.*?)(?=^##+ |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(?:python|toml)\n# (\S+\.(?:py|toml))\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^uv run .*$", re.MULTILINE)
MOST = 6
"""Files, whatever is added."""

TURNED = """
import numpy as np, torch
from lmcspec.base import streams
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science.data.augmentation.augment import augment, draw
images = torch.arange(40 * 27).view(40, 3, 3, 3)
angles = streams.integers(40, 4, "augment", 0, 1, 2, 5, "turn")
expected = [np.rot90(image, times, (1, 2)) for image, times in zip(images.numpy(), angles)]
assert set(angles) == {0, 1, 2, 3}
assert (augment(images, draw(40, Augment(turn=True), SgdNoise(0, 1, 2), 5)).numpy() == np.stack(expected)).all()
"""
"""What `turn` does, image by image."""


@dataclass(frozen=True)
class Addition:
    """What a section adds: how many files it says there are, and those that it shows, by their names."""

    name: str
    said: int
    files: dict[str, str]


def additions() -> list[Addition]:
    """Of both pages, section by section."""
    return [Addition(name, int(count), files_in(text)) for page in PAGES for name, count, text in SECTION.findall(page)]


def files_in(text: str) -> dict[str, str]:
    """What the blocks hold that begin with the name of a file."""
    return dict(BLOCK.findall(text))


def then() -> tuple[list[str], dict[str, str]]:
    """The commands that end docs/extending.md, and the files shown among them."""
    last = PAGES[1].partition("\n## Then\n")[2]
    return COMMAND.findall(last), files_in(last)


@pytest.mark.parametrize("addition", additions(), ids=lambda one: one.name)
def test_a_section_shows_as_many_new_files_as_it_says(addition):
    assert len(addition.files) == addition.said <= MOST
    for name, text in addition.files.items():
        assert not (ROOT / name).exists(), f"{name} is new"
        ast.parse(text)
    rows = re.findall(r"^\| (an? .*?) \| (\d+) \|", PAGES[0], re.MULTILINE)
    assert (addition.name.lower(), str(addition.said)) in rows, "the table of CONTRIBUTING says the same"


def test_the_sections_are_these():
    sections = {one.name for one in additions()}
    assert {"A criterion", "A model", "An optimiser", "A schedule", "An augmentation", "A plot"} <= sections
    assert "A measure with a kind of task and a plot" in sections
    assert len(re.findall(r"^\| an? .* \| \d+ \|", PAGES[0], re.MULTILINE)) == len(sections)
    commands, files = then()
    assert list(files) == ["study.toml"]
    assert sum(command.startswith("uv run pytest ") for command in commands) >= 2


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_what_the_pages_show_works_in_a_copy_of_the_tree(tmp_path):
    """One test, as the copy is made and its commands run once."""
    output = typed_in(tmp_path)
    check_that_only_the_lock_changed(tmp_path)
    check_what_accept_did(tmp_path, output["uv run python -m tests.versions.accept"])
    rows = list(csv.DictReader(io.StringIO(run(tmp_path, "uv run lmcspec results study.toml --format csv"))))
    signs = [row for row in rows if (row["measure"], row["metric"]) == ("signs", "kept")]
    check_that_the_measure_counts_signs(tmp_path, signs)
    check_that_the_criterion_takes_the_most_negative(tmp_path, signs)
    stepped = [
        row for row in rows if (row["network"], row["level"], row["metric"]) == ("stepped", "1", "test/accuracy")
    ]
    check_that_steps_are_of_one_size_and_then_fall(tmp_path, stepped)
    run(tmp_path, f"uv run python -c {shlex.quote(TURNED)}")
    barriers = [float(row["value"]) for row in rows if row["metric"] == "barrier/test-loss"]
    assert barriers and max(barriers) < 1e-6, "the model is convex: no loss is above the line between the ends"
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Accuracy level by level" in page and "Signs kept against sparsity" in page
    assert {path.name for path in (tmp_path / "report").glob("*.svg")} == {"levels.svg", "signs.svg"}


def typed_in(folder: Path) -> dict[str, str]:
    """Copy the tree, write every file of the pages there and run every command of theirs: what each has printed."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    commands, files = then()
    for name, text in {**files, **{name: text for one in additions() for name, text in one.files.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {command: run(folder, command) for line in commands for command in line.split(" && ")}


def run(folder: Path, command: str) -> str:
    """What a command of the pages prints, with this environment's programs on the copy's modules."""
    program, *arguments = shlex.split(command.removeprefix("uv run "))
    start = {"python": [sys.executable], "lmcspec": [sys.executable, "-m", "lmcspec"]}
    start |= {"pytest": [sys.executable, "-m", "pytest", "-q", "-n", "2", "--timeout", "600"]}
    start |= {name: [str(Path(sys.executable).with_name(name))] for name in ("ruff", "lint-imports")}
    paths = os.pathsep.join([str(folder), str(folder / "runners")])
    # What `-n 2` tells its own workers of itself is nothing for another pytest.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [*start[program], *arguments], cwd=folder, env=inherited | {"PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout


def check_that_only_the_lock_changed(folder: Path) -> None:
    shown = {name for one in additions() for name in one.files}
    tracked = set(subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines())
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    assert there - tracked == shown
    changed = [
        name
        for name in tracked
        if (ROOT / name).is_file() and (ROOT / name).read_bytes() != (folder / name).read_bytes()
    ]
    assert changed == ["tests/versions/lock.json"]


def check_what_accept_did(folder: Path, said: str) -> None:
    """It locks the new kind, with what is new among the sources of others, and moves no number."""
    assert "signs: version 1 locked" in said
    before, after = (
        json.loads((place / "tests/versions/lock.json").read_text(encoding="utf-8")) for place in (ROOT, folder)
    )
    assert after.keys() - before.keys() == {"signs"}
    for kind, locked in before.items():
        assert locked["golden"].items() <= after[kind]["golden"].items()
    assert "lmcspec.science.criteria.sign" in after["prune"]["sources"]
    parts = ("models.softmax_regression", "optimisers.signum", "data.augmentation.turn")
    assert {f"lmcspec.science.{part}" for part in parts} <= after["train"]["sources"].keys()
    assert "lmcspec.catalog.schedules.trapezoid" in after["train"]["sources"]


def check_that_the_measure_counts_signs(folder: Path, rows: list[dict[str, str]]) -> None:
    """Beside a count over weights in the store and those that each replicate begins with, drawn here."""
    assert len(rows) == 2 * 2 * 3, "networks, replicates, levels"
    for row in rows:
        inputs = inputs_of(folder, row["task"])
        state, start = weights(inputs["state"] / "state.safetensors"), drawn(int(row["replicate"]))
        keep = weights(inputs["mask"] / "mask.safetensors") if "mask" in inputs else np.ones_like(state)
        pairs = list(zip(state[keep.astype(bool)], start[keep.astype(bool)], strict=True))
        assert len(pairs) == 640 // 2 ** int(row["level"])
        assert float(row["value"]) == pytest.approx(fmean(np.sign(a) == np.sign(b) for a, b in pairs))
        assert 0.5 < float(row["value"]) < 1


def check_that_the_criterion_takes_the_most_negative(folder: Path, rows: list[dict[str, str]]) -> None:
    """In the first pruning of the network that goes by it."""
    for row in (row for row in rows if (row["network"], row["level"]) == ("positive", "1")):
        mask = inputs_of(folder, row["task"])["mask"]
        ranked = weights(inputs_of(folder, mask.parent.name)["state"] / "state.safetensors")
        keep = weights(mask / "mask.safetensors").astype(bool)
        assert 2 * keep.sum() == keep.size
        assert ranked[~keep].max() < ranked[keep].min()


def check_that_steps_are_of_one_size_and_then_fall(folder: Path, rows: list[dict[str, str]]) -> None:
    """Every weight has moved by a sum of the rates of two epochs of 12 updates, each with a sign or not at all."""
    unit = 0.01 / 12
    farthest = 12 * 12 + sum(range(1, 13))
    assert len(rows) == 2
    for row in rows:
        mask = inputs_of(folder, row["task"])["mask"]
        trained = weights(inputs_of(folder, mask.parent.name)["state"] / "state.safetensors")
        moved = (trained - drawn(int(row["replicate"]))) / unit
        assert np.abs(moved - moved.round()).max() < 0.01
        assert farthest / 4 < np.abs(moved).max() < farthest + 0.01


def drawn(replicate: int) -> np.ndarray:
    """The weights with which a replicate begins."""
    import torch

    from lmcspec.science.initial import initial_state

    network = torch.nn.ModuleDict({"classifier": torch.nn.Linear(64, 10)})
    return initial_state(network, "default", ("init", replicate))["classifier.weight"].numpy()


def inputs_of(folder: Path, task: str) -> dict[str, Path]:
    """By input the files of what a stored task was given."""
    objects = folder / ".lmcspec" / "objects"
    inputs = json.loads((objects / task[:2] / task / "task.json").read_text(encoding="utf-8"))["inputs"]
    return {name: objects / one[:2] / one / "out" for name, one in inputs.items()}


def weights(file: Path) -> np.ndarray:
    return load_file(file)["classifier.weight"]

"""Benchmarks: they run to the end whatever is there, fits are those of powers, and workers are watched at what they do."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def beside(monkeypatch):
    """Benchmarks are imported as they import each other."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.syspath_prepend(str(ROOT))


def printed(capfd, monkeypatch, tmp_path, scripts: dict[str, str]) -> str:
    """What `python -m benchmarks` prints where these scripts are its sections."""
    from benchmarks import __main__ as all_of_them

    sections = {}
    for name, text in scripts.items():
        (tmp_path / f"{name}.py").write_text(text)
        sections[name] = all_of_them.Section("so", (str(tmp_path / f"{name}.py"),), ())
    monkeypatch.setattr(all_of_them, "SECTIONS", sections)
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    all_of_them.main()
    return capfd.readouterr().out


def test_a_section_that_cannot_be_measured_says_why_and_the_others_follow(beside, capfd, monkeypatch, tmp_path):
    text = printed(
        capfd,
        monkeypatch,
        tmp_path,
        {
            "broken": "import nothing_of_this_name",
            "lacks": "import sys; sys.exit('there is no GPU')",
            "over": "import sys; print('2 x'); sys.exit(1)",
            "killed": "import os; os.kill(os.getpid(), 9)",
            "whole": "print('1 x')",
        },
    )
    ends = [line.strip().partition(" s")[2] for line in text.splitlines() if line.startswith("   ")]
    assert ends == [
        ", not measured here: ModuleNotFoundError: No module named 'nothing_of_this_name'",
        ", not measured here: there is no GPU",
        ", not all of it within its budget",
        ", not measured here: it was ended (-9)",
        "",
    ]
    assert "Traceback" not in text


def test_every_section_names_a_benchmark_with_options_that_it_has(beside):
    from benchmarks.__main__ import SECTIONS

    for section in SECTIONS.values():
        for words in (section.words, section.quick):
            file = ROOT / (words[0] if words[0] != "-m" else words[1].replace(".", "/") + ".py")
            text = file.read_text() + (BENCHMARKS / "ways.py").read_text() * ("asked(" in file.read_text())
            for option in (word for word in words if word.startswith("--")):
                assert f'"{option}"' in text, (file, option)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_power_of_a_power_is_found(beside, power):
    from fits import grown
    from fits import power as fitted

    seconds = {size: 0.003 * size**power for size in (300, 1000, 3000, 10_000)}
    assert fitted(seconds) == pytest.approx(power, abs=1e-9)
    assert grown([seconds, seconds]).endswith("not met" if power > 1.1 else ": met")


def test_growth_at_the_largest_sizes_counts_though_start_up_hides_it(beside):
    from fits import grown

    assert grown([{size: 5.0 + (size / 5000) ** 2 for size in (300, 1000, 3000, 10_000, 100_000)}]).endswith("not met")


def test_studies_without_their_images_are_not_measured(tmp_path):
    command = [sys.executable, "benchmarks/costs.py", "--data", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == [
        f"lenet: not measured here: no MNIST/raw in {tmp_path}",
        f"figure-7: not measured here: no tinyimagenet10 in {tmp_path}",
    ]


def test_small_parts_of_a_profile_are_told_as_one(beside):
    from costs import Measured, profile

    now = Measured(profile=Counter({("train", "a"): 90, ("path", "b"): 9, ("path", "c"): 0, ("prune", "d"): 1}))
    before = Measured(profile=Counter({("train", "a"): 995, ("prune", "d"): 5}))
    lines = dict(profile({"now": now, "before": before}))
    assert list(lines) == [("train", "a"), ("path", "b"), ("prune", "d"), ("all", "smaller parts")][: len(lines)]
    assert lines["train", "a"] == [pytest.approx(0.9), pytest.approx(0.995)]
    assert lines["path", "b"] == [pytest.approx(0.09), 0.0]
    assert sum(line[0] for line in lines.values()) == pytest.approx(1)


STUDY = """
study = "watched"
dataset = "digits"
model = "lenet-300-100"
[recipes.real]
length = "1500it"
batch = 60
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = 1 }]
[measures]
accuracy = {}
"""


def test_workers_are_watched_at_the_parts_of_their_trainings(beside, tmp_path):
    import costs
    from forecast import run

    spec = tmp_path / "watched.toml"
    spec.write_text(STUDY)
    with costs.watched(ROOT) as (environment, looks):
        seconds, *_ = run(str(spec), tmp_path / "store", 1, 1, environment)
        counts = costs.counted(looks)
    assert {kind for kind, _ in counts} <= {"train", "prune", "", "around a task"}
    for part in ("forward pass", "backward pass", "masks and steps"):
        assert counts["train", part] > 0
    of_updates = sum(count for (kind, part), count in counts.items() if kind == "train" and part != "everything else")
    assert of_updates > 0.5 * counts.total()
    # A look each hundredth of a second, at one worker: fewer where the machine is busy.
    assert counts.total() <= 1.1 * seconds / 0.01

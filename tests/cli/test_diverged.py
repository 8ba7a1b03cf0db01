"""A study whose trainings all diverge, from run to report: results, not failures."""

from collections import Counter
from pathlib import Path

import pytest

STUDY = """
study = "diverged"
replicates = {replicates}
dataset = "digits"
model = {{ name = "mlp", widths = [8] }}
recipes.real = {{ length = "40it", batch = 64, optimiser = {{ name = "sgd", lr = {rate} }} }}
[networks]
imp = [{{ data = "real", rounds = 2 }}]
random = [{{ data = "real", rounds = 1, criterion = "random" }}]
[measures]
accuracy = {{}}
matching = {{}}
stability = {{ levels = [0, 1], points = 3, at = ["rewind", "5it"], through = "20it", images = 200 }}
distance = {{ levels = [0, 1] }}
hessian = {{ levels = [0, 1], batches = 1, diagonal = "estimated", probes = 2, eigenvalues = 0 }}
landscape = {{ levels = [0, 1], grid = 2, copies = 3, split = ["test"] }}
masks = {{ levels = "all" }}
overlap = {{ levels = [1], against = "random", networks = ["imp"] }}
[figures]
one = {{ plot = "accuracy-vs-sparsity", metric = "loss" }}
two = {{ plot = "error-along-path", metric = "loss" }}
three = {{ plot = "landscape" }}
four = {{ plot = "hessian" }}
five = {{ plot = "distance-vs-step" }}
"""


@pytest.mark.parametrize(
    ("replicates", "rate"),
    [(1, "1e12"), *(pytest.param(2, rate, marks=pytest.mark.slow) for rate in ("1e12", "300.0"))],
)
def test_from_run_to_report(place, lmcspec, replicates, rate):
    Path("study.toml").write_text(STUDY.format(replicates=replicates, rate=rate))
    said = lmcspec("run", "study.toml", "--runner", "inline", "--no-tracking")
    assert said.code == 0, said.err
    assert "Traceback" not in said.err + said.out
    assert "nan" not in said.out
    for words in (
        ("run", "study.toml", "--runner", "inline", "--no-tracking"),
        ("results", "study.toml"),
        ("results", "study.toml", "--format", "json"),
        ("results", "study.toml", "--format", "csv"),
        ("report", "study.toml", "-o", "report"),
        ("diff", "study.toml", "--set", "study=other", "--results"),
        ("status", "study.toml"),
        ("plan", "study.toml"),
    ):
        said = lmcspec(*words)
        assert said.code == 0, (words, said.err)
    if rate == "1e12":
        text = " ".join(lmcspec("results", "study.toml").out.split())
        assert "imp, masks: " in text, "weights that are no numbers can't be ranked"
        assert " diverged at levels 1, 2" in text
        assert "missing" not in text
        again = lmcspec("run", "study.toml", "--runner", "inline", "--no-tracking")
        states = Counter(task["state"] for task in lmcspec("plan", "study.toml", "--format", "json").data["tasks"])
        assert states.keys() == {"reuse", "skipped"}
        reused, skipped = states["reuse"], states["skipped"]
        assert f"{reused} tasks are reused, and {skipped} need what collapsed." in again.err
        planned = " ".join(lmcspec("plan", "study.toml").out.split())
        assert f"{reused} tasks are in the store, and {skipped} need what collapsed." in planned
        assert f"{reused} done  {skipped} skipped after a collapse" in lmcspec("status", "study.toml").out

"""Two thousand small tasks on eight slots while something is killed every few seconds."""

import random
import signal
import time

import psutil
import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import Run

from lmcspec.store import Store, layout, verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

STUDY = """
study = "soak"
replicates = 40
dataset = "digits"
model = { name = "mlp", widths = [16] }
[recipes.real]
length = "2it"
batch = 32
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = 25, fraction = 0.1 }]
[measures]
accuracy = {}
"""
TASKS = 40 * (26 + 25)
SLOTS = 8
APART = (0.3, 1.5)
"""Seconds between two kills."""
KILLS = 20
"""After so many it is left in peace."""


def victims(run, chance):
    """Whom to kill: mostly a worker, now and then the driver, the server of its workers, or all of them."""
    family = run.family()
    workers = [process for process in family if process.pid != run.process.pid and process.name() != "uv"]
    match chance.choices(("worker", "driver", "both", "any"), (12, 2, 1, 3))[0]:
        case "worker":
            return chance.sample(run.workers(), min(1, len(run.workers())))
        case "driver":
            return [psutil.Process(run.process.pid)]
        case "both":
            return [psutil.Process(run.process.pid), *workers[:1]]
        case _:
            return chance.sample(family, 1)


def soaked(store, study, chance):
    """Run to the end, beginning again whenever the driver is killed; how many were killed, and how many runs it took."""
    kills = runs = 0
    while True:
        runs += 1
        with Run(store, "--no-tracking", study=study, workers=SLOTS) as run:
            while run.process.poll() is None and kills < KILLS:
                due = time.monotonic() + chance.uniform(*APART)
                while time.monotonic() < due and run.process.poll() is None:
                    time.sleep(0.05)
                if run.process.poll() is not None:
                    break
                for process in victims(run, chance):
                    try:
                        process.send_signal(signal.SIGKILL)
                        kills += 1
                    except psutil.NoSuchProcess:
                        pass
            code = run.end()
            assert run.gone(10), f"left of a run that ended with {code}: {run.family()}"
            if code == 0:
                return kills, runs
            assert code in (1, -signal.SIGKILL), run.said
            assert "Traceback" not in run.said, run.said


def test_a_soak_ends_as_an_undisturbed_run(tmp_path):
    study = tmp_path / "soak.toml"
    study.write_text(STUDY)
    with Run(tmp_path / "calm", "--no-tracking", study=study, workers=2) as run:
        assert run.end(900) == 0, run.said
    calm = manifest(Store.open(tmp_path / "calm", create=False))
    assert len(calm) == TASKS
    seed = random.SystemRandom().randrange(2**32)
    kills, runs = soaked(tmp_path / "store", study, random.Random(seed))
    store = Store.open(tmp_path / "store", create=False)
    assert kills >= KILLS // 2, f"seed {seed}: {kills} kills in {runs} runs say little"
    assert not compare(manifest(store), calm), f"seed {seed}"
    assert verify(store) == []
    left = [
        path.relative_to(store.root).as_posix()
        for path in store.root.rglob("*")
        if layout.is_draft(path.name) or path.suffix == ".draft"
    ]
    left += [path.name for place in ("leases", "partial") for path in (store.root / place).glob("*")]
    # A worker that was lost leaves its log, and why it was lost.
    left += [str(path) for path in (store.root / "attempts").glob("*/*") if not (path / layout.FAILURE).is_file()]
    assert [name for name in left if name != ".lock"] == [], f"seed {seed}"
    print(f"{kills} kills, {runs} runs, seed {seed}")

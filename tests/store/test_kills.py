"""A real SIGKILL at every point of a commit, and a look at what is left."""

import signal

import pytest

from lmcspec.store import Store, holder, interrupted, is_dead, open_attempt, sweep, take, verify

WORKER = """
import sys
from pathlib import Path
from lmcspec.store import Store, open_attempt, take
store = Store.open(sys.argv[1])
lease = take(store, sys.argv[2])
attempt = open_attempt(store, sys.argv[2], lease)
(attempt.partial / "checkpoint").write_text("half")
(attempt.out / "deep").mkdir()
(attempt.out / "deep" / "state.bin").write_bytes(b"weights" * 1000)
attempt.log_path.write_text("log")
inner = open_attempt(store, sys.argv[3], lease)
(inner.out / "snapshot.bin").write_bytes(b"snapshot")
if len(sys.argv) > 4:
    inner.commit({"kind": "train"}, {"scalars": {"a": 1}}, {})
print(attempt.commit({"kind": "train"}, {"scalars": {"error": 0.5}}, {"seconds": 1.0}))
lease.release()
"""
POINTS = ["lease.taken", "attempt.opened", "commit.written", "commit.marked", "commit.renamed"]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_all_or_nothing(store, name, python, tmp_path, tree, point):
    fault = {
        "LMCSPEC_FAULT": point,
        "LMCSPEC_FAULT_KILL": "worker",
        "LMCSPEC_FAULT_MARK": str(tmp_path / "mark"),
        "LMCSPEC_DRIVER_PID": "0",
    }
    task, inner = name("outer"), name("inner")
    worker = python(WORKER, store.root, task, inner, **fault)
    assert worker.wait(20) == -signal.SIGKILL
    assert (tmp_path / "mark").exists()

    stored = Store.open(store.root).find(task)
    visible = point == "commit.renamed"
    assert (stored is not None) == visible
    assert verify(store) == []
    assert is_dead(store, task)
    # Only an attempt or a checkpoint shows that something was begun.
    assert interrupted(store, task) == (point not in ("lease.taken", "commit.renamed"))
    assert store.find(inner) is None

    swept = sweep(store)
    assert swept.leases == 1
    assert holder(store, task) is None
    assert not list((store.root / "attempts").iterdir())
    assert (store.root / "partial" / task).exists() == (
        point not in ("lease.taken", "attempt.opened", "commit.renamed")
    )
    assert not [path for path in tree(store.root) if path.endswith(".draft")]

    again = python(WORKER, store.root, task, inner, "all", **fault)
    assert again.wait(20) == 0
    assert again.stdout.read().strip() == ("lost" if visible else "committed")
    assert store.present([task, inner]) == {task, inner}
    assert verify(store) == []
    assert sorted(tree(store.root / "objects" / task[:2] / task)) == [
        "COMMIT",
        "log.txt",
        "out",
        "out/deep",
        "out/deep/state.bin",
        "task.json",
    ]
    assert not list((store.root / "attempts").iterdir())
    assert not list((store.root / "partial").iterdir())


def test_a_zombie_is_dead_too(store, name, python, tmp_path):
    """The driver kills a worker and looks before it has collected it."""
    import os

    worker = python(WORKER, store.root, name(1), name(2), LMCSPEC_FAULT="attempt.opened", LMCSPEC_FAULT_KILL="worker",
                    LMCSPEC_FAULT_MARK=str(tmp_path / "mark"), LMCSPEC_DRIVER_PID="0")  # fmt: skip
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(store, name(1))
    assert take(store, name(1)) is not None
    assert sweep(store).attempts == 1


def test_what_a_living_process_is_at_stays(store, name):
    with take(store, name(1)) as lease:
        attempt = open_attempt(store, name(1), lease)
        inner = open_attempt(store, name(2), lease)
        assert (sweep(store).attempts, sweep(store).leases) == (0, 0)
        assert not interrupted(store, name(1))
        assert not interrupted(store, name(2))
        assert attempt.commit({}, {}, {}) == inner.commit({}, {}, {}) == "committed"

"""A real SIGKILL before, in the middle of and after every system call by which a task's life changes the store."""

import json
import os

import pytest

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]

CASES = """
import json, os, shutil, sys
from pathlib import Path
from lmcspec.store import Store, open_attempt, sweep, take, verify
sys.path.insert(0, sys.argv[2])
from system_calls_for_tests import watched

root, outer, inner = Path(sys.argv[1]), "a" * 64, "b" * 64


def work(store):
    with take(store, outer) as lease:
        if store.find(outer) is not None:
            return "was there"
        attempt = open_attempt(store, outer, lease)
        (attempt.partial / "checkpoint").write_text("half")
        (attempt.out / "deep").mkdir()
        (attempt.out / "deep" / "state.bin").write_bytes(b"weights" * 1000)
        attempt.log_path.write_text("log")
        if store.find(inner) is None:
            passed = open_attempt(store, inner, lease)
            (passed.out / "snapshot.bin").write_bytes(b"snapshot")
            passed.commit({"kind": "train"}, {"scalars": {"a": 1}}, {})
        said = attempt.commit({"kind": "train"}, {"scalars": {"error": 0.5}}, {"seconds": 1.0})
        lease.beat()
        return said


def killed_at(number, moments):
    # The child of a process without threads; `watcher` counts what it is told of.
    count = 0

    def watcher(moment, said):
        nonlocal count
        moments.append(f"{moment} {said}")
        count += 1
        if count == number:
            os.kill(os.getpid(), 9)

    return watcher


def trial(number):
    folder = root / f"{number}"
    Store.open(folder)
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            moments = []
            with watched(killed_at(number, moments)):
                work(Store.open(folder))
            os.write(tell, json.dumps(len(moments)).encode())
        except BaseException as error:
            os.write(tell, json.dumps(repr(error)).encode())
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(tell)
    said = os.read(told, 1 << 16)
    os.close(told)
    return folder, status, json.loads(said or "null")


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


_, status, calls = trial(0)
assert status == 0 and isinstance(calls, int), calls
results = {"calls": calls, "wrong": []}
calm = {name: Store.open(root / "0").find(name).digest for name in (outer, inner)}
for number in range(1, calls + 1):
    folder, status, said = trial(number)
    store, wrong = Store.open(folder), []
    if status != -9:
        wrong.append(f"not killed: {status} {said}")
    if damage := verify(store):
        wrong.append(f"damaged: {damage}")
    for name in (outer, inner):
        stored = store.find(name)
        if stored is not None and (stored.digest != calm[name] or not stored.has_outputs):
            wrong.append("half an object is believed")
    before = {name for name in (outer, inner) if store.find(name) is not None}
    sweep(store)
    left = [path for path in tree(folder / "attempts") + tree(folder / "leases") if path != ".lock"]
    if left:
        wrong.append(f"left after a sweep: {left}")
    work(store)
    if {name: store.find(name).digest for name in (outer, inner)} != calm:
        wrong.append("the second run ends elsewhere")
    if not before <= {name for name in (outer, inner) if store.find(name) is not None}:
        wrong.append("what was finished is lost")
    left = [path for path in tree(folder / "attempts") + tree(folder / "leases") if path != ".lock"]
    if left or (folder / "partial" / outer).exists():
        wrong.append(f"left after all: {left}")
    if wrong:
        results["wrong"].append([number, wrong])
    shutil.rmtree(folder)
print(json.dumps(results))
"""


def test_a_kill_at_any_call_leaves_all_or_nothing(python, tmp_path):
    tests = os.path.dirname(os.path.dirname(__file__))
    process = python(CASES, tmp_path, tests, PYTHONWARNINGS="ignore::DeprecationWarning")
    said, _ = process.communicate(timeout=280)
    assert process.returncode == 0
    results = json.loads(said)
    assert results["calls"] > 100, "moments: before and after each call, and in the middle of each write"
    assert not results["wrong"], results["wrong"][:5]

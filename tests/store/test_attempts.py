# pyright: reportOptionalContextManager=false
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from lmcspec.store import (
    failed_attempts,
    interrupted,
    last_ending,
    layout,
    note_lost,
    open_attempt,
    process,
    sweep,
    take,
)
from lmcspec.store.attempts import Swept
from lmcspec.store.commit import owner_file
from lmcspec.store.lease import PATIENCE
from lmcspec.store.process import this_process


def _owned_by(attempt, under, **changes):
    layout.replace_json(
        attempt.store.root, owner_file(attempt.path), {**asdict(replace(this_process(), **changes)), "under": under}
    )


def test_failures_are_kept_newest_first(store, put, name):
    for number in range(3):
        attempt = open_attempt(store, name(1))
        (attempt.out / "big.bin").write_bytes(b"x" * 1000)
        attempt.log_path.write_text(f"try {number}")
        attempt.metrics_path.write_text("{}\n")
        attempt.fail({"class": "user", "message": f"no {number}"})
    found = failed_attempts(store, name(1))
    assert [failure.document["message"] for failure in found] == ["no 2", "no 1", "no 0"]
    assert [failure.log.read_text() for failure in found] == ["try 2", "try 1", "try 0"]
    assert sorted(os.listdir(found[0].path)) == ["failure.json", "log.txt", "metrics.jsonl"]
    assert found[0].document["attempt"] == found[0].attempt
    assert not interrupted(store, name(1)), "it ended in order"
    assert sweep(store) == Swept()
    put(store, name(1))
    assert len(failed_attempts(store, name(1))) == 3
    assert failed_attempts(store, name(2)) == []


def test_an_unreadable_failure_is_passed_over(store, name):
    attempt = open_attempt(store, name(1))
    attempt.fail({})
    (attempt.path / layout.FAILURE).write_text("{")
    assert failed_attempts(store, name(1)) == []


def test_dead_attempts_are_interruptions_until_swept(store, name):
    attempt = open_attempt(store, name(1))
    assert not interrupted(store, name(1))
    _owned_by(attempt, name(1), started="1")
    assert interrupted(store, name(1))
    assert sweep(store) == Swept(attempts=1)
    assert not interrupted(store, name(1))


def test_a_checkpoint_shows_an_interruption_after_a_sweep(store, name):
    attempt = open_attempt(store, name(1))
    (attempt.partial / "checkpoint").write_text("x")
    _owned_by(attempt, name(1), started="1")
    sweep(store)
    assert interrupted(store, name(1))
    with take(store, name(1)):
        assert not interrupted(store, name(1)), "somebody is at it"
    assert interrupted(store, name(1))


def test_a_committed_object_is_not_interrupted_and_keeps_no_checkpoint(store, put, name):
    put(store, name(1))
    (open_attempt(store, name(1)).partial / "checkpoint").write_text("x")
    assert not interrupted(store, name(1))
    assert sweep(store).partials == 1
    assert not list((store.root / "partial").iterdir())


def test_an_attempt_of_unknown_origin_is_dead(store, name):
    attempt = open_attempt(store, name(1))
    owner_file(attempt.path).unlink()
    assert interrupted(store, name(1))
    assert sweep(store).attempts == 1


@pytest.mark.parametrize("by_product", [False, True])
def test_another_hosts_attempt_lives_as_long_as_its_lease(store, name, by_product):
    now = 0.0
    lease = take(store, name("long"))
    attempt = open_attempt(store, name("short" if by_product else "long"), lease)
    _owned_by(attempt, name("long"), host="elsewhere")
    document = layout.read_json(store.root, layout.lease_file(store.root, name("long")))
    layout.replace_json(store.root, layout.lease_file(store.root, name("long")), {**document, "host": "elsewhere"})

    assert sweep(store, lambda: now) == Swept()
    now += PATIENCE
    assert sweep(store, lambda: now) == Swept(attempts=1, leases=1)
    assert not attempt.path.exists()


def test_sweeping_while_others_work_takes_nothing_from_them(store, name):
    from concurrent.futures import ThreadPoolExecutor

    def work(number):
        for round in range(15):
            with take(store, name((number, round))) as lease:
                attempt = open_attempt(store, name((number, round)), lease)
                (attempt.out / "x").write_text("x")
                assert attempt.commit({}, {}, {}) == "committed"

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, number) for number in range(2)]
        while not all(future.done() for future in working):
            assert sweep(store).attempts == 0
        for future in working:
            future.result()
    assert len(list(store.ids())) == 30


ENDINGS = {
    "killed while it failed": lambda attempt: layout.write_json(
        attempt.store.root, attempt.path / layout.FAILURE, {"reason": "user"}
    ),
    "lost, as its driver noted": lambda attempt: layout.write_json(
        attempt.store.root, attempt.path / layout.FAILURE, {"reason": "lost"}
    ),
    "killed after it lost a race": lambda attempt: layout.write_json(
        attempt.store.root, attempt.path / layout.LOST, {}
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("owner", ["dead", "missing", "unreadable", "living"])
def test_outputs_of_an_attempt_that_ended_go_with_its_owner(store, name, ending, owner):
    attempt = open_attempt(store, name(1))
    (attempt.out / "deep").mkdir()
    (attempt.out / "deep" / "big.bin").write_bytes(b"x" * 1000)
    attempt.log_path.write_text("why")
    for left in (layout.TASK, layout.COMMIT, layout.draft_of(attempt.path / layout.FAILURE).name):
        (attempt.path / left).write_text("{")
    ENDINGS[ending](attempt)
    match owner:
        case "dead":
            _owned_by(attempt, name(1), started="1")
        case "missing":
            owner_file(attempt.path).unlink()
        case "unreadable":
            owner_file(attempt.path).write_text("{")
    assert sweep(store).attempts == 0, "the log stays"
    kept = {"failure.json"} if "failed" in ending or "driver" in ending else {"lost.json"}
    if owner == "living":
        assert (attempt.out / "deep" / "big.bin").exists() and owner_file(attempt.path).exists()
    else:
        assert set(os.listdir(attempt.path)) == {"log.txt", *kept}
        assert not owner_file(attempt.path).exists()


def test_who_lost_a_worker_ends_its_attempt(store, name, tmp_path):
    attempt = open_attempt(store, name(1))
    (attempt.out / "big.bin").write_bytes(b"x" * 1000)
    attempt.log_path.write_text("last words")
    note_lost(store, attempt.path, {"reason": "lost"})
    assert sorted(os.listdir(attempt.path)) == ["failure.json", "log.txt"]
    assert not owner_file(attempt.path).exists()
    assert [failure.document["reason"] for failure in failed_attempts(store, name(1))] == ["lost"]
    (tmp_path / "elsewhere" / "out").mkdir(parents=True)
    for other in (tmp_path / "elsewhere", store.root, attempt.path.parent, attempt.path.with_name("c" * 32)):
        note_lost(store, other, {"reason": "lost"})
    assert (tmp_path / "elsewhere" / "out").is_dir() and not attempt.path.with_name("c" * 32).exists()


def test_how_the_last_attempt_ended(store, name):
    task = name(1)
    assert last_ending(store, task) is None
    first = open_attempt(store, task)
    assert last_ending(store, task) is None, "somebody is at it"
    first.log_path.write_text("went wrong")
    first.fail({"reason": "user", "message": "no such mask"})
    assert last_ending(store, task) == ("failed", "no such mask", first.log_path)
    open_attempt(store, task).fail({"reason": "interrupted", "message": "stopped after 12"})
    assert last_ending(store, task)[:2] == ("interrupted", "stopped after 12")
    open_attempt(store, task).fail({"reason": "lost", "message": "the worker process is gone"})
    assert last_ending(store, task)[:2] == ("failed", "the worker process is gone")
    killed = open_attempt(store, task)
    _owned_by(killed, task, boot="another")
    assert last_ending(store, task) == ("interrupted", "", None)
    sweep(store)
    assert last_ending(store, task)[0] == "failed", "the failure is all that is left of either"


def test_a_checkpoint_after_a_failure_is_of_an_interrupted_attempt(store, name):
    task = name(1)
    attempt = open_attempt(store, task)
    (attempt.partial / "checkpoint.safetensors").write_bytes(b"x")
    attempt.fail({"reason": "out-of-memory", "message": "too large"})
    os.utime(layout.partial_folder(store.root, task) / "checkpoint.safetensors", (1, 1))
    assert last_ending(store, task)[0] == "failed"
    os.utime(layout.partial_folder(store.root, task) / "checkpoint.safetensors", (2**33, 2**33))
    assert last_ending(store, task)[0] == "interrupted"


def test_drafts_go_with_their_process(store, name):
    """Those of another host, and of a version that did not say whose they are, once they are old."""
    attempt = open_attempt(store, name(1))
    folders = [store.root / "leases", store.root / "facts", attempt.path.parent]
    ours = [layout.draft_of(folder / "x.json") for folder in folders]
    child = subprocess.run(
        [sys.executable, "-c", "from lmcspec.store import process; print(process.mark())"],
        capture_output=True,
        text=True,
        check=True,
    )
    left = child.stdout.strip()
    elsewhere = ("0" if left[0] != "0" else "1") + left[1:]

    def with_mark(path, mark):
        return path.with_name(f"{path.name.removesuffix('.draft')[: -process.MARK]}{mark}.draft")

    gone = [with_mark(draft, left) for draft in ours]
    another_time = [with_mark(draft, f"{process.mark()[:16]}{1:016x}") for draft in ours]
    others = [with_mark(layout.draft_of(draft), elsewhere) for draft in ours]
    early = [draft.with_name(f".{draft.name}.{layout.new_name()}.draft") for draft in ours]
    old = [path.with_name(f".old{path.name}") for path in others + early]
    for draft in [*ours, *gone, *another_time, *others, *early, *old]:
        assert layout.is_draft(draft.name)
        draft.write_text("{")
    for draft in old:
        os.utime(draft, (0, 0))
    sweep(store)
    assert all(draft.exists() for draft in ours + others + early)
    assert not any(draft.exists() for draft in gone + another_time + old)

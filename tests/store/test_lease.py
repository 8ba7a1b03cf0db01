# pyright: reportArgumentType=false, reportOptionalContextManager=false, reportOptionalMemberAccess=false
import errno
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from lmcspec.base.errors import StoreError
from lmcspec.store import Store, holder, is_dead, layout, take
from lmcspec.store.lease import PATIENCE
from lmcspec.store.process import this_process

TAKE_AND_DIE = """
import os, signal, sys
from lmcspec.store import Store, take
store = Store.open(sys.argv[1])
for task in sys.argv[2:]:
    assert take(store, task)
os.kill(os.getpid(), signal.SIGKILL)
"""
TAKE_ALL = """
import sys
from lmcspec.store import Store, take
store = Store.open(sys.argv[1])
tasks = sys.argv[2:]
print("ready", flush=True)
sys.stdin.readline()
leases = {task: take(store, task) for task in tasks}
print(*[task for task, lease in leases.items() if lease], flush=True)
sys.stdin.readline()
print(sum(lease.beat() for lease in leases.values() if lease), flush=True)
"""


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _elsewhere(store, task, beat=0, attempt="a" * 32, **changes):
    """A lease as another host writes it."""
    document = {"task": task, **asdict(replace(this_process(), host="elsewhere")), "attempt": attempt, "beat": beat}
    layout.replace_json(store.root, layout.lease_file(store.root, task), {**document, **changes}, durable=False)


def test_one_holds_it(store, name):
    lease = take(store, name(1))
    assert take(store, name(1)) is None
    assert take(store, name(2)) is not None
    found = holder(store, name(1))
    assert (found.process, found.attempt, found.beat) == (this_process(), lease.attempt, 0)
    assert lease.beat()
    assert lease.beat()
    assert holder(store, name(1)).beat == 2
    lease.release()
    assert holder(store, name(1)) is None
    with take(store, name(1)):
        assert take(store, name(1)) is None
    assert take(store, name(1)) is not None


def test_a_lost_lease_neither_beats_nor_releases(store, name):
    lease = take(store, name(1))
    _elsewhere(store, name(1))
    assert not lease.beat()
    lease.release()
    assert holder(store, name(1)).process.host == "elsewhere"
    layout.lease_file(store.root, name(1)).unlink()
    assert not lease.beat()
    lease.release()


def test_a_dead_holder_loses_it_at_once(store, name, python):
    assert python(TAKE_AND_DIE, store.root, name(1)).wait(20) == -signal.SIGKILL
    assert is_dead(store, name(1))
    assert take(store, name(1)) is not None
    assert take(store, name(1)) is None


@pytest.mark.parametrize("change", [{"boot": "before"}, {"started": "1"}])
def test_another_boot_or_a_used_pid_loses_it_at_once(store, name, change):
    _elsewhere(store, name(1), **asdict(this_process()) | change)
    assert take(store, name(1)) is not None


def test_another_host_loses_it_when_its_beat_stands_still(store, name):
    clock = Clock()
    _elsewhere(store, name(1), beat=7)
    assert take(store, name(1), clock) is None
    clock.now += PATIENCE - 1
    assert take(store, name(1), clock) is None
    _elsewhere(store, name(1), beat=8)
    clock.now += PATIENCE - 1
    assert take(store, name(1), clock) is None
    clock.now += PATIENCE - 1
    assert take(store, name(1), clock) is None
    clock.now += 1
    lease = take(store, name(1), clock)
    assert lease is not None
    assert lease.beat()


def test_a_new_holder_on_another_host_starts_the_wait_anew(store, name):
    clock = Clock()
    _elsewhere(store, name(1))
    assert not is_dead(store, name(1), clock)
    clock.now += PATIENCE
    _elsewhere(store, name(1), attempt="b" * 32)
    assert not is_dead(store, name(1), clock)
    layout.lease_file(store.root, name(1)).unlink()
    assert is_dead(store, name(1), clock)
    _elsewhere(store, name(1), attempt="b" * 32)
    assert not is_dead(store, name(1), clock)


def test_each_observer_has_its_own_clock(store, name):
    clock = Clock()
    _elsewhere(store, name(1))
    assert not is_dead(store, name(1), clock)
    clock.now += PATIENCE
    assert not is_dead(Store.open(store.root), name(1), clock), "the first look, however late"
    assert is_dead(store, name(1), clock)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"host": 1}'])
def test_an_unreadable_lease_is_waited_for(store, name, text):
    clock = Clock()
    layout.lease_file(store.root, name(1)).write_text(text)
    assert take(store, name(1), clock) is None
    clock.now += PATIENCE
    assert take(store, name(1), clock) is not None


def test_processes_at_once_never_share_one(store, name, python):
    """Free leases, and those of a dead process, which is where a careless take-over gives two holders."""
    free, dead = [name(number) for number in range(40)], [name(-number) for number in range(1, 41)]
    assert python(TAKE_AND_DIE, store.root, *dead).wait(20) == -signal.SIGKILL
    processes = [python(TAKE_ALL, store.root, *dead, *free) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    taken = [process.stdout.readline().split() for process in processes]
    assert sorted(task for tasks in taken for task in tasks) == sorted(free + dead)
    for process, tasks in zip(processes, taken, strict=True):
        assert process.communicate("\n", timeout=20)[0].strip() == str(len(tasks)), "each still holds what it took"


def test_threads_at_once_never_share_one(store, name):
    for number in range(10):
        _elsewhere(store, name(number), **asdict(this_process()) | {"started": "1"})
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda number: take(store, name(number % 10)), range(80)))
    assert sum(lease is not None for lease in leases) == 10


def test_without_locks_leases_still_work(store, name, monkeypatch):
    import fcntl

    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    _elsewhere(store, name(1), **asdict(this_process()) | {"started": "1"})
    lease = take(store, name(1))
    assert lease.beat()
    lease.release()
    assert holder(store, name(1)) is None


def test_a_full_disk_is_a_plain_error(store, name, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StoreError, match="no space") as caught:
        take(store, name(1))
    assert caught.value.help
    assert os.listdir(store.root / "leases") == []

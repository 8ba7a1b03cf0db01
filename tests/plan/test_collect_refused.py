"""Nothing goes from a store while what is needed isn't known, or others are at work."""

import os

import pytest
from stores_for_tests import keep, name_of, plan, put

from lmcspec.base.errors import StoreError
from lmcspec.plan.collect import collect, sort
from lmcspec.plan.needs import UnknownNeedsError, read_needs
from lmcspec.plan.unneeded import Wish
from lmcspec.store import Store, driving, forget_study, keep_again, sweep, take
from lmcspec.store.undisturbed import AtWorkError

TASKS = [name_of(number) for number in range(7)]
ALL = Wish()


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


# Records that can't be relied on


def newer(path):
    path.write_text(path.read_text().replace("lmcspec/plan/1", "lmcspec/plan/2"))


def swapped(path):
    path.write_text(path.read_text().replace('"study": "mine"', '"study": "other"'))


def one_id_less(path):
    path.write_text(path.read_text().replace(TASKS[0], TASKS[1]))


def a_link(path):
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to("../elsewhere")


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "words", "help"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "is damaged: is not JSON", "lmcspec forget mine"),
        (lambda path: path.write_text("{}"), "is damaged", "lmcspec forget mine"),
        (lambda path: path.write_text("[]"), "is damaged", "run the study again"),
        (lambda path: path.write_bytes(b"\xff\x00"), "is damaged", "run the study again"),
        (newer, "was written by a newer lmcspec", "use that version"),
        (swapped, "is damaged", "run the study again"),
        (one_id_less, "is damaged", "run the study again"),
        (a_link, "leads elsewhere", "move that file out of the store"),
        (a_folder, "leads elsewhere", "move that file out of the store"),
        (lambda path: os.rename(path, path.with_name("m%69ne.json")), "a name that no record has", "move that file"),
    ],
)
def test_where_a_record_can_t_be_relied_on_nothing_goes(store, damage, words, help):
    put(store, TASKS[0])
    put(store, TASKS[5])
    keep(store, "mine", {TASKS[0]: (set(), "always")})
    keep(store, "fine", {TASKS[0]: (set(), "always")})
    damage(store.root / "studies" / "mine.json")
    for act in (sort, collect):
        with pytest.raises(UnknownNeedsError, match=words) as caught:
            act(store, ALL)
        assert str(store.root / "studies") in str(caught.value) and help in caught.value.help
    assert set(store.ids()) == {TASKS[0], TASKS[5]}


def test_forgetting_is_a_way_out_of_a_damaged_record_but_not_through_a_link(store, caplog):
    put(store, TASKS[0])
    keep(store, "mine", {TASKS[0]: (set(), "always")})
    path = store.root / "studies" / "mine.json"
    path.write_text("{")
    assert forget_study(store, "mine")
    assert [one.piece.id for one in collect(store, ALL).gone] == [TASKS[0]]
    assert "which was forgotten" in caplog.text
    path.symlink_to("elsewhere")
    with pytest.raises(StoreError, match="is a symbolic link"):
        keep_again(store, "mine") or forget_study(store, "mine")


def test_a_seal_tells_of_a_task_that_is_missing(store):
    """The document is as plausible as any: only its seal knows that there was another task."""
    document = plan("mine", {TASKS[0]: (set(), "always"), TASKS[1]: (set(), "always")})
    del document["tasks"][TASKS[1]]
    from lmcspec.store import record_plan

    record_plan(store, "mine", document)
    with pytest.raises(UnknownNeedsError, match="edited or damaged"):
        read_needs(store)


# Others at work


def test_nothing_goes_while_something_is_at_work(store):
    put(store, TASKS[0])
    with driving(store), pytest.raises(AtWorkError, match="is at work"):
        collect(store, ALL)
    lease = take(store, TASKS[3])
    from lmcspec.plan import collect as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lmcspec.store.undisturbed.MOST", 0.0)
        with pytest.raises(AtWorkError, match=r"process \d+ on .* is at work on"):
            collect(store, ALL)
    assert list(store.ids()) == [TASKS[0]]
    lease.release()
    assert [one.piece.id for one in module.collect(store, ALL).gone] == [TASKS[0]]


def test_a_lease_that_a_dead_machine_left_is_watched_and_then_does_not_count(store):
    from lmcspec.store.undisturbed import undisturbed

    put(store, TASKS[0])
    lease = take(store, TASKS[3])
    path = store.root / "leases" / f"{TASKS[3]}.json"
    path.write_text(path.read_text().replace(f'"host": "{os.uname().nodename}"', '"host": "elsewhere"'))
    now, said = [0.0], []

    def sleep(seconds):
        now[0] += 5.0

    with undisturbed(store, said.append, clock=lambda: now[0], sleep=sleep):
        assert 90 <= now[0] < 100
    assert len(said) == 1 and "on elsewhere is at work" in said[0] and "90 s" in said[0]
    assert sweep(store).attempts == 0
    del lease


def test_a_disk_without_locks_is_left_alone(store, monkeypatch):
    import fcntl

    def no_locks(*_):
        raise OSError(95, "not supported")

    put(store, TASKS[0])
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(AtWorkError, match="has no locks"):
        collect(store, ALL)
    assert list(store.ids()) == [TASKS[0]]

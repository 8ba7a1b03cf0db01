"""What goes from a store: exactly what a search by hand says, whatever is killed in between; and what never goes."""

import contextlib
import itertools
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from stores_for_tests import days_ago, fail, interrupt, keep, name_of, put

from lmcspec.base.errors import UsageError
from lmcspec.plan.collect import collect, sort
from lmcspec.plan.unneeded import Wish
from lmcspec.store import (
    Index,
    Store,
    checked,
    forget_study,
    forgotten_studies,
    keep_again,
    recorded_studies,
    verify,
)

TASKS = [name_of(number) for number in range(7)]
ALL = Wish()


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


# By random plans


@st.composite
def worlds(draw):
    """(what is stored by task, plans by study, studies that are forgotten)."""
    inputs = {
        task: draw(st.sets(st.sampled_from(TASKS[:place]), max_size=2)) if place else set()
        for place, task in enumerate(TASKS)
    }
    studies = {}
    for study in draw(st.sets(st.sampled_from(["a", "b", "c d"]))):
        wanted = draw(st.sets(st.sampled_from(TASKS)))
        tasks: set[str] = set()
        while wanted:
            tasks |= wanted
            wanted = {source for task in wanted for source in inputs[task]} - tasks
        studies[study] = {
            task: (inputs[task], draw(st.sampled_from(["always", "until-used"]))) for task in TASKS if task in tasks
        }
    states = ["absent", "whole", "whole", "dropped", "damaged", "failed", "checkpoint"]
    stored = {task: draw(st.sampled_from(states)) for task in TASKS}
    return stored, studies, draw(st.sets(st.sampled_from(sorted(studies)))) if studies else set()


def build(root, stored, studies, forgotten):
    store = Store.open(root)
    for task, state in stored.items():
        if state == "failed":
            fail(store, task)
        elif state == "checkpoint":
            interrupt(store, task)
        elif state != "absent":
            put(store, task, dropped=state == "dropped", damaged=state == "damaged", study="old")
    for study, tasks in studies.items():
        keep(store, study, tasks)
    for study in forgotten:
        assert forget_study(store, study)
    return store


def by_hand(stored, studies, forgotten):
    """What is left of each task, found naively: no set is shared with what is tested."""
    kept = [tasks for study, tasks in studies.items() if study not in forgotten]
    left = {}
    for task, state in stored.items():
        if not any(task in tasks for tasks in kept):
            left[task] = "absent"
        elif state != "whole":
            left[task] = state
        else:
            left[task] = "dropped"
            for tasks in kept:
                if task in tasks:
                    reading = [reader for reader, (sources, _) in tasks.items() if task in sources]
                    on_the_way = tasks[task][1] == "until-used" and reading
                    if not on_the_way or any(stored[one] not in ("whole", "dropped") for one in reading):
                        left[task] = "whole"
    return left


def found(store):
    """What is left of each task by what lies there."""
    left = {}
    for task in TASKS:
        place = store.root / "objects" / task[:2] / task
        if (place / "COMMIT").exists():
            whole = (place / "out" / "state.bin").exists()
            assert whole != (place / "DROPPED").exists()
            left[task] = "whole" if whole else "dropped"
        elif place.exists():
            left[task] = "damaged"
        elif (store.root / "partial" / task).exists():
            left[task] = "checkpoint"
        else:
            left[task] = "failed" if (store.root / "attempts" / task).exists() else "absent"
    return left


@contextlib.contextmanager
def in_memory(name):
    """A folder that waits for no disk, if there is such a place."""
    root = Path("/dev/shm" if os.path.isdir("/dev/shm") else "/tmp") / f"{name}-{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@given(worlds())
@settings(max_examples=examples(1))
def test_what_goes_is_what_a_search_by_hand_says(world):
    stored, _, _ = world
    with in_memory("collect") as root:
        store = build(root, *world)
        sorting = sort(store, ALL)
        assert found(store) == stored, "looking deletes nothing"
        collected = collect(store, ALL)
        assert found(store) == by_hand(*world)
        assert collected.sorting.leaving == sorting.leaving == collected.gone
        assert sorting.room.bytes - sort(store, ALL).room.bytes >= collected.bytes - 100  # the index may grow
        assert sort(store, ALL).leaving == ()
        with Index(store) as index:
            assert index.ids() == set(store.ids())
        assert not [one for one in (store.root / "attempts").glob("*/*") if one.parent.name not in TASKS]


class Killed(BaseException):
    """Nothing of the process goes on."""


def killed_at(monkeypatch, number):
    """Let the process die at its operation of that number on names of files, and do nothing more."""
    count = itertools.count()
    dead = []

    def dying(name):
        real = getattr(os, name)

        def act(*arguments, **options):
            if dead or next(count) == number:
                dead.append(name)
                raise Killed
            return real(*arguments, **options)

        return act

    for name in ("rename", "replace", "unlink", "rmdir", "mkdir", "link"):
        monkeypatch.setattr(os, name, dying(name))
    return dead


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_any_step_every_result_is_whole_or_absent(monkeypatch, stride):
    a, b, c, d, e, f, g = TASKS
    stored = dict(zip(TASKS, ["whole", "whole", "whole", "dropped", "failed", "checkpoint", "whole"], strict=True))
    asked = {task: (set(), "always") for task in (b, c, d, e, f)}
    world = stored, {"kept": {a: (set(), "until-used"), b: ({a}, "always")}, "gone": asked}, {"gone"}
    wanted = by_hand(*world)
    assert wanted[a] == "dropped" and wanted[b] == "whole" and wanted[c] == wanted[g] == "absent"
    for number in itertools.count(step=stride):
        with in_memory("killed") as root:
            store = build(root, *world)
            with monkeypatch.context() as patch, contextlib.suppress(Killed):
                dead = killed_at(patch, number)
                collect(store, ALL)
            store = Store.open(store.root)
            assert verify(store) == [], number
            assert a in set(store.ids()) and store.find(b).has_outputs
            collect(store, ALL)
            assert found(store) == wanted, number
            with Index(store) as index:
                assert index.ids() == set(store.ids())
            assert not any((store.root / "attempts").iterdir()), number
        if not dead:
            assert number > 20
            return


# By hand


def test_a_study_is_kept_until_it_is_forgotten_and_kept_again_by_its_record(store):
    put(store, TASKS[0])
    keep(store, "mine", {TASKS[0]: (set(), "always")})
    assert collect(store, ALL).gone == ()
    assert forget_study(store, "mine") and not forget_study(store, "mine")
    assert (recorded_studies(store), forgotten_studies(store)) == ([], ["mine"])
    (leaving,) = sort(store, ALL).leaving
    assert (leaving.studies, leaving.forgotten, leaving.kind) == (("mine",), True, "train")
    assert keep_again(store, "mine") and not keep_again(store, "mine")
    assert collect(store, ALL).gone == ()
    forget_study(store, "mine")
    keep(store, "mine", {TASKS[0]: (set(), "always")})
    assert forgotten_studies(store) == []
    assert collect(store, ALL).gone == ()
    assert list(store.ids()) == [TASKS[0]]


def test_by_study(store):
    for number, study in enumerate(["x", "x", "y", ""]):
        put(store, TASKS[number], study=study)
    keep(store, "z", {TASKS[0]: (set(), "always"), TASKS[4]: (set(), "always")})
    put(store, TASKS[4])
    forget_study(store, "z")
    keep(store, "x", {TASKS[1]: (set(), "always")})

    def gone(**wish):
        return {
            one.piece.id for one in sort(store, Wish(**{key: frozenset(value) for key, value in wish.items()})).leaving
        }

    everything = {TASKS[0], TASKS[2], TASKS[3], TASKS[4]}
    assert gone() == everything
    assert gone(studies=["z"]) == {TASKS[0], TASKS[4]}, "what was asked for counts before what made it"
    assert gone(studies=["y"]) == {TASKS[2]}
    assert gone(studies=["x"]) == set()
    assert gone(spared=["z"]) == {TASKS[2], TASKS[3]}
    assert gone(studies=["y", "z"], spared=["y"]) == {TASKS[0], TASKS[4]}
    for wish in (Wish(studies=frozenset({"zz"})), Wish(spared=frozenset({"zz"}))):
        with pytest.raises(UsageError, match="no study of this store is called 'zz'"):
            sort(store, wish)


def test_what_an_earlier_plan_of_a_kept_study_made_is_told_so(store):
    put(store, TASKS[0], study="x")
    keep(store, "x", {TASKS[1]: (set(), "always")})
    (leaving,) = sort(store, ALL).leaving
    assert leaving.earlier and leaving.studies == ("x",) and not leaving.forgotten


def test_by_age_and_a_clock_that_went_wrong(store):
    for number, days in enumerate([40, 31, 29, -400]):
        put(store, TASKS[number], committed=days_ago(days))
    month = 30 * 86400.0
    assert [one.piece.id for one in sort(store, Wish(older=month)).leaving] == TASKS[:2]
    # By a clock that went back by two years everything was written in the future, and is new.
    back = days_ago(730)
    assert sort(store, Wish(older=month), now=back).leaving == ()
    assert len(sort(store, Wish(older=0.0), now=back).leaving) == 4
    assert len(sort(store, Wish(to=0), now=back).leaving) == 4


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 5)), max_size=7), st.integers(0, 6000))
@settings(max_examples=examples(0.3))
def test_by_size_the_oldest_go_until_it_fits(objects, limit):
    with in_memory("sized") as root:
        store = Store.open(root)
        for number, (size, day) in enumerate(objects):
            put(store, TASKS[number], size=size, committed=1e9 + day)
        keep(store, "x", {TASKS[0]: (set(), "always")})
        sorting = sort(store, Wish(to=limit))
        going = [TASKS.index(one.piece.id) for one in sorting.leaving]
        left, wanted = sorting.room.bytes, []
        for number in sorted(range(1, len(objects)), key=lambda number: (objects[number][1], TASKS[number])):
            if left > limit:
                wanted.append(number)
                left -= sorting.room.results[TASKS[number]].bytes
        assert going == wanted


def test_checkpoints_of_kept_studies_go_by_their_own_age_alone(store):
    for number in range(3):
        interrupt(store, TASKS[number])
    for number, days in ((0, 100), (1, 1), (2, 100)):
        (place,) = (store.root / "partial" / TASKS[number]).iterdir()
        os.utime(place, (days_ago(days),) * 2)
    keep(store, "x", {TASKS[0]: (set(), "always"), TASKS[1]: (set(), "always")})
    assert [one.piece.id for one in sort(store, Wish(older=0.0)).leaving] == [TASKS[2]]
    assert {one.piece.id for one in sort(store, Wish(checkpoints=30 * 86400.0)).leaving} == {TASKS[0], TASKS[2]}


def test_a_whole_result_without_a_readable_commit_stays_where_nobody_may_judge(store):
    place = put(store, TASKS[0])
    text = (place / "COMMIT").read_text()
    newer = json.loads(text) | {"version": 2}
    del newer["digest"]
    (place / "COMMIT").write_text(json.dumps(checked.signed(newer)))
    assert sort(store, ALL).leaving == (), "a newer version's"
    (place / "COMMIT").write_text(text[:100])
    (leaving,) = sort(store, ALL).leaving
    assert leaving.piece.bytes > 100
    collect(store, ALL)
    assert not place.exists()

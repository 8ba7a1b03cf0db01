"""What was given up, in the store and at a URL, where several studies had asked for a task or made it."""

import itertools

import pytest
from stores_for_tests import keep, name_of, put

from lmcspec.plan.collect import sort
from lmcspec.plan.given_up import given_up
from lmcspec.plan.unneeded import Wish
from lmcspec.store import Store, forget_study

MINE, SHARED, YOURS, NEEDED, EARLIER, BOTH = (name_of(number) for number in range(6))
ASKED = {"a": {MINE, SHARED, NEEDED}, "b": {SHARED, YOURS, BOTH}}
"""By forgotten study."""
MADE = {EARLIER: "kept", BOTH: "kept"}
"""By earlier plans of a kept study."""


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "store")
    for study, tasks in ASKED.items():
        keep(store, study, {task: (set(), "always") for task in tasks})
        forget_study(store, study)
    keep(store, "kept", {NEEDED: (set(), "always")})
    for task in (MINE, EARLIER, BOTH):
        put(store, task, study=MADE.get(task, "a"))
    return store


SOME = [frozenset(some) for count in range(3) for some in itertools.combinations(["a", "b", "kept"], count)]


@pytest.mark.parametrize("studies", SOME)
@pytest.mark.parametrize("spared", SOME)
def test_a_task_goes_with_any_of_its_studies_and_stays_with_any_that_is_spared(store, studies, spared):
    wanted = set()
    for task in (MINE, SHARED, YOURS, EARLIER, BOTH):
        asking = {study for study, tasks in ASKED.items() if task in tasks}
        making = {MADE[task]} if task in MADE else set()
        if (not studies or (asking or making) & studies) and not (asking | making) & spared:
            wanted.add(task)
    assert given_up(store, Wish(studies, spared)).keys() == wanted


def test_it_says_whose_it_was(store):
    assert given_up(store, Wish()) == {
        MINE: "a, forgotten",
        SHARED: "a, b, forgotten",
        YOURS: "b, forgotten",
        BOTH: "b, forgotten",
        EARLIER: "kept, earlier plans",
    }


def test_of_the_store_too_what_a_study_that_is_spared_made_stays_whoever_had_asked_for_it(store):
    assert {leaving.piece.id for leaving in sort(store, Wish()).leaving} == {MINE, EARLIER, BOTH}
    (leaving,) = sort(store, Wish(spared=frozenset({"kept"}))).leaving
    assert leaving.piece.id == MINE
    assert {leaving.piece.id for leaving in sort(store, Wish(spared=frozenset({"b"}))).leaving} == {MINE, EARLIER}

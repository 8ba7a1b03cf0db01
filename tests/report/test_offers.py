"""What more replicates take: against the plan of the spec that says so many."""

# pyright: reportArgumentType=false

import json
import shlex
from pathlib import Path

import pytest
from results_for_tests import BASE

from lmcspec.plan.cost import AS_EVER, Pace
from lmcspec.plan.outlook import outlook
from lmcspec.plan.planned_study import read_study
from lmcspec.plan.saved import save
from lmcspec.plan.simulate import Slots
from lmcspec.report.offers import LISTED, Typed, Wish, offers
from lmcspec.report.sides import Place
from lmcspec.report.undecided import advice, of_verdicts, targets_of
from lmcspec.report.within import PlacesCompared

TEXT = (
    BASE
    + "networks.dense = []\nnetworks.imp = [{ rounds = 1 }]\nnetworks.late = [{ rounds = 2 }]\nmeasures.accuracy = {}\n"
)


@pytest.fixture
def spec(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(TEXT)
    return Path("study.toml")


def typed(spec, sets=(), **changes) -> Typed:
    return Typed(spec, sets, None, Slots(2), **{"pace": AS_EVER, "max_tasks": 100_000} | changes)


def offered(spec, *numbers, sets=(), of=None, **changes):
    wishes = [number if isinstance(number, Wish) else Wish("", number) for number in numbers]
    return offers(read_study(spec, sets, None), wishes, of or len(wishes), typed(spec, sets, **changes))


def planned(spec, *sets):
    return outlook(read_study(spec, sets, None).plan, None)


def test_the_smallest_numbers_with_how_many_each_is_enough_for(spec):
    found = offered(spec, 9, 5, 5, 30, 12, of=8)
    assert [(one.replicates, one.fulfils, one.of) for one in found] == [(5, 2, 8), (9, 3, 8), (12, 4, 8)]
    assert len(found) == LISTED
    for one in found:
        words = shlex.split(one.command)
        assert words == ["lmcspec", "run", "study.toml", "--set", f"replicates={one.replicates}"]
        assert one.view is not None
        assert set(one.view.diff.run) == set(planned(spec, *words[4:]).diff.run)
    assert str(found[0]).startswith("5 replicates, enough for 2 of 8: 25 tasks, ")


def test_what_they_take_is_what_the_plan_says(spec):
    def two_seconds(*_):
        return (1.0, 2.0, 4.0)

    (one,) = offered(spec, 4, pace=Pace("", two_seconds))
    view = outlook(read_study(spec, ["replicates=4"], None).plan, None, pace=Pace("", two_seconds))
    count = len(view.diff.run)
    assert one.document()["seconds"] == view.wall(Slots(2))
    assert one.document()["tasks"] == count
    assert one.takes.startswith(f"{count} tasks, ") and "on 2 slots (" in one.takes
    assert one.takes.endswith(", by a first estimate")


def test_what_has_never_been_timed(spec):
    (one,) = offered(spec, 4)
    assert one.takes == "20 tasks, of which some are of a kind that has never been timed"
    assert one.document()["seconds"] is None


def test_what_the_spec_has_already_is_only_missing(spec):
    (one,) = offered(spec, 3)
    assert one.command == "lmcspec run study.toml"


def test_other_settings_stay_and_an_earlier_number_goes(spec):
    (one,) = offered(spec, 7, sets=("replicates=4", "recipes.real.batch=32"))
    assert one.command == "lmcspec run study.toml --set recipes.real.batch=32 --set replicates=7"
    (few,) = offered(spec, 4, sets=("replicates=4",))
    assert few.command == "lmcspec run study.toml --set replicates=4"


def test_a_part_of_the_study_and_its_store_are_named(spec):
    (one,) = offered(spec, 5, targets=("imp",), where=("--store", "a store"))
    assert one.command == "lmcspec run study.toml --set replicates=5 --target imp --store 'a store'"
    assert one.view is not None
    labels = {one.view.plan.tasks[task].label for task in one.view.diff.run}
    assert labels and not any("late" in label for label in labels)


def test_partners_are_counted_in_pairs(spec):
    spec.write_text(
        TEXT.replace("replicates = 3", "replicates = 4\npartners = 2")
        + "permutations.wm = { method = 'weights', network = 'imp' }\n"
        "measures.connectivity = { under = ['wm'], levels = ['last'] }\n"
    )
    found = offered(spec, Wish("", 3, of_partners=True), Wish("", 5))
    assert [(one.replicates, one.fulfils) for one in found] == [(6, 2)], "three pairs are six, and five make no pairs"


def test_where_a_sweep_says_how_many_there_is_no_command(spec):
    spec.write_text(TEXT.replace("replicates = 3\n", "") + "sweep.grid = { replicates = [1, 2] }\n")
    (one,) = offered(spec, Wish("replicates=1", 3))
    assert (one.view, one.command) == (None, "")
    assert str(one) == "3 replicates, enough for 1 of 1: `replicates` is set by the sweep as well"


def test_too_many_tasks_are_said(spec):
    (one,) = offered(spec, 500, max_tasks=1_000)
    assert one.view is None
    assert "1,000" in str(one)


def test_a_saved_plan_can_not_be_made_anew(spec):
    save(read_study(spec, (), None).plan, Path("plan.json"))
    assert json.loads(Path("plan.json").read_text())
    assert offered(Path("plan.json"), 5) == []


def test_targets_are_the_names_as_they_were_given_where_that_is_enough(spec):
    plan = read_study(spec, (), None).plan
    dense, imp, late = (Place("", name) for name in ("dense", "imp", "late"))

    def compared(*pairs):
        return [PlacesCompared(a, b, (), ()) for a, b in pairs]

    assert targets_of(plan, ("imp", "late"), compared((imp, late))) == ("imp", "late")
    assert targets_of(plan, ("imp", "late"), compared((imp, late), (dense, imp))) == (), "that is all there is"
    assert targets_of(plan, ("x/imp", "late"), compared((imp, late))) == ("imp", "late")


def test_undecided_verdicts_of_a_study(spec):
    from results_for_tests import made_up

    from lmcspec.report import tidy

    spec.write_text(
        TEXT.replace("replicates = 3", "replicates = 2")
        + "measures.stability = { networks = ['imp', 'late'], levels = ['last'] }\nmeasures.matching = {}\n"
    )
    study = read_study(spec, (), None)
    # Instabilities of 4 ± 1 and of 2.1 ± 1.4 points, against a threshold of 2; accuracies 0.1 apart at a spread of 0.01.
    stabilities = {"imp": (0.0329, 0.0471), "late": (0.011, 0.031)}

    def value(target):
        if target.kind == "stability":
            return stabilities[target.network][target.replicate]
        return 0.1 + 0.1 * bool(target.level) + 0.01 * target.replicate * (1 + target.level)

    undecided = of_verdicts(study.plan, tidy(study.plan, made_up(study.plan, value)))
    assert undecided.of == 2 + 1 + 2, "two stabilities, and matching of one level and of two"
    given = advice(study, undecided, typed(spec))
    assert given is not None
    assert given.head.startswith(
        "5 undecided. With more replicates there are verdicts, and their intervals lie on one side of the threshold, if"
    )
    assert given.lines[0][1] == "lmcspec run study.toml --set replicates=3"
    decided = of_verdicts(study.plan, [])
    assert (decided.of, advice(study, decided, typed(spec))) == (0, None)

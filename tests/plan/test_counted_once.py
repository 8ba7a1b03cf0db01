"""What no draw tells apart is one number: replicates and copies of a network that nothing is trained of."""

from hashlib import sha256

import pytest
import torch
from safetensors.torch import save_file
from specs_for_tests import plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan import Plan
from lmcspec.plan.counted_once import CountedOnce
from lmcspec.plan.outlook import outlook
from lmcspec.report import tidy
from lmcspec.report.contrast_table import verdict as in_table
from lmcspec.report.summary import summarise
from lmcspec.report.undecided import of_verdicts
from lmcspec.report.within import compare_within
from lmcspec.report.words import answers
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

STUDY = """
study = "once"
dataset = "digits"
model = { name = "mlp", widths = [8] }
replicates = 3
recipes.real = { length = "2ep", batch = 512, optimiser = { name = "sgd", lr = 0.1 } }
[weights]
done = { load = "FOLDER/w0.safetensors", step = "2ep" }
mine = { load = "FOLDER/w{replicate}.safetensors", step = "2ep" }
early = { load = "FOLDER/w0.safetensors", step = "1ep" }
[masks]
half = { load = "FOLDER/m.safetensors" }
[networks]
tuned = [{ weights = "done", rounds = 1, start = "trained", schedule_from = "1ep" }]
as-it-is = [{ weights = "done", mask = "half" }]
mine = [{ weights = "mine", mask = "half" }]
early = [{ weights = "early", mask = "half" }]
[measures]
accuracy = { copies = 2 }
masks = { levels = ["last"], networks = ["as-it-is", "tuned"] }
matching = {}
"""
SHARED = "all replicates start with the weights"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("once")
    draw = torch.Generator().manual_seed(5)
    shapes = {"layers.0.weight": (8, 64), "layers.0.bias": (8,), "classifier.weight": (10, 8), "classifier.bias": (10,)}
    for replicate in range(4):
        weights = {name: torch.randn(shape, generator=draw) / 4 for name, shape in shapes.items()}
        save_file(weights, folder / f"w{replicate}.safetensors")
    save_file({name: value > 0 for name, value in weights.items() if "weight" in name}, folder / "m.safetensors")
    return folder


def planned(folder, *changes: tuple[str, str]) -> Plan:
    text = STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return plan_of(text.replace("FOLDER", str(folder)))


def numbers(plan: Plan, measure: str) -> dict[tuple[str, int], list[tuple[int, tuple[int, ...]]]]:
    """(network, level) -> (replicate, copies) of each number."""
    by_place = {}
    for target in plan.targets:
        if target.measure == measure:
            by_place.setdefault((target.network, target.level), []).append((target.replicate, target.copies))
    return by_place


EVERY = [(replicate, (copy,)) for replicate in range(3) for copy in range(2)]


def test_each_number_is_asked_for_as_often_as_it_differs(folder):
    plan = planned(folder)
    assert numbers(plan, "accuracy") == {
        ("tuned", 0): [(0, (0,))],
        ("tuned", 1): EVERY,
        ("as-it-is", 0): [(0, (0,))],
        ("as-it-is", 1): [(0, (0,))],
        ("mine", 0): [(replicate, (0,)) for replicate in range(3)],
        ("mine", 1): [(replicate, (0,)) for replicate in range(3)],
        ("early", 0): EVERY,
        ("early", 1): EVERY,
    }
    # magnitude ranks the one network that there is before any order is drawn
    assert {place: len(of) for place, of in numbers(plan, "masks").items()} == {("as-it-is", 1): 1, ("tuned", 1): 1}
    assert not [task.label for task in plan.tasks.values() if task.label.startswith("as-it-is/s1")]


def test_notes_say_so(folder):
    notes = planned(folder).notes
    for expected in (
        "accuracy of tuned at level 0: nothing is drawn, so all replicates are one, which counts once",
        "accuracy of as-it-is at levels 0 and 1: nothing is drawn, so all replicates are one, which counts once",
        "masks of as-it-is and tuned at level 1: nothing is drawn, so all replicates are one, which counts once",
        "accuracy of as-it-is and mine at levels 0 and 1: nothing is drawn, so all copies are one, which counts once",
    ):
        assert expected in notes
    assert [note.partition(":")[0] for note in notes if note.startswith(SHARED)] == [
        f"{SHARED} 'done'",
        f"{SHARED} 'early'",
    ], "tuned is trained further, and so is early"


def test_of_weights_that_nobody_trains_on_no_note_says_that_their_order_differs(folder):
    plan = planned(folder, ("tuned = [", "#"), ("early = [", "#"), ('["as-it-is", "tuned"]', '["as-it-is"]'))
    assert not [note for note in plan.notes if note.startswith(SHARED)]


def test_ids_are_those_of_a_study_with_one_replicate(folder):
    one, three = planned(folder, ("replicates = 3", "replicates = 1")), planned(folder)
    alone = {role: task for role, task in one.roles.items() if not role.startswith(("mine", "weights/mine"))}
    assert alone.items() <= three.roles.items()


def done(plan: Plan, folder) -> Store:
    store = Store.open(folder / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    return store


def test_what_is_left_out_is_what_stays_to_the_last_bit(folder, tmp_path, monkeypatch):
    everything = CountedOnce((), (), frozenset())
    with monkeypatch.context() as patch:
        patch.setattr("lmcspec.plan.counted_once.counted_once", lambda tasks, of: everything._replace(targets=of))
        plan = planned(folder)
    store = done(plan, tmp_path)
    kept = set(planned(folder).targets)
    results: dict[tuple, set[str]] = {}
    for target in plan.targets:
        if target.measure == "accuracy":
            stored = store.find(target.task)
            assert stored is not None
            state = (stored.out / "state.safetensors").read_bytes()
            place = target.network, target.level, target.network == "mine" and target.replicate
            results.setdefault(place, set()).add(f"{sha256(state).hexdigest()} {stored.scalars['test_loss']}")
    for place, different in results.items():
        network, level, replicate = place
        numbers = [t for t in kept if (t.measure, t.network, t.level) == ("accuracy", network, level)]
        assert len(different) == len([t for t in numbers if network != "mine" or t.replicate == replicate]), place


def test_one_network_has_no_spread_and_no_verdict(folder, tmp_path):
    plan = planned(folder, ("early = [", "#"))
    rows = tidy(plan, done(plan, tmp_path))
    cells = {
        (key[1], key[2]): (cell.n, cell.std)
        for key, cell in summarise(row for row in rows if row.measure == "accuracy" and row.headline).items()
    }
    assert cells["tuned", 0] == cells["as-it-is", 1] == (1, None)
    assert cells["tuned", 1][0] == 3 and cells["tuned", 1][1]
    verdicts = answers(rows, summarise(rows), plan.verdicts)
    assert {str(answer.verdict) for name in ("tuned", "as-it-is") for answer in verdicts[name]} == {"undecided (n = 1)"}
    undecided = of_verdicts(plan, rows)
    assert undecided.of and not undecided.wishes, "more replicates decide nothing"
    (contrast, *_) = compare_within(plan, rows, "tuned", "mine")[0].contrasts
    assert (contrast.single, contrast.needed, in_table(contrast)) == (True, None, "undecided: one side is one network")
    (contrast, *_) = compare_within(plan, rows, "tuned", "as-it-is")[0].contrasts
    assert contrast.same, "both are the weights of the file"


def test_a_path_from_a_network_to_itself_is_said_to_be_one(folder):
    connected = 'connectivity = { levels = ["dense"], points = 3, networks = ["as-it-is"] }\n'
    plan = planned(
        folder, ("replicates = 3", "replicates = 4\npartners = 2"), ("accuracy = ", f"{connected}accuracy = ")
    )
    said = "connectivity of as-it-is at level 0: a network is compared with itself, as nothing is drawn"
    assert said in plan.notes
    assert len(numbers(plan, "connectivity")["as-it-is", 0]) == 1


def test_studies_without_files_are_as_they_were(folder):
    text = (
        STUDY[: STUDY.index("[weights]")] + "[networks]\nimp = [{ rounds = 1 }]\n[measures]\naccuracy = { copies = 2 }"
    )
    assert numbers(plan_of(text), "accuracy") == {("imp", level): EVERY for level in (0, 1)}

"""A saved plan is what its digests say: whatever is edited in it is seen before anything runs."""

import copy
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from specs_for_tests import SEVEN_UPDATES, STABILITY, plan_of

from lmcspec.base.errors import StoreError
from lmcspec.plan import render
from lmcspec.plan.document import from_document, read_document, recorded, to_document
from lmcspec.plan.integrity import SEAL, seal
from lmcspec.plan.outlook import outlook
from lmcspec.plan.simulate import Slots
from lmcspec.tasks import own_id

MANY = (
    SEVEN_UPDATES
    + """
[recipes.distilled]
length = "4it"
batch = 10
optimiser = { name = "sgd", lr = 0.1 }
[distilled]
dm = { method = "dm", ipc = 1, iterations = 2 }
unused = { method = "dm", ipc = 2, iterations = 2 }
[networks]
dense = []
stable = [{ data = "dm", rounds = 1, fraction = 0.5 }, { data = "real", rounds = 1, fraction = 0.5, rewind = "2it" }]
shuffled = { like = "stable", mask = "shuffled" }
[measures]
accuracy = {}
matching = {}
stability = { levels = ["last"], points = 5 }
[sweep.grid]
"recipes.real.batch" = [128, 256]
"""
)


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(to_document(plan_of(STABILITY))))


@pytest.fixture(scope="module")
def larger():
    return json.loads(json.dumps(to_document(plan_of(MANY))))


def leaves(value, path=()):
    """Where every single value of a document stands, empty lists and tables included."""
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path


def at(document, path):
    for key in path:
        document = document[key]
    return document


def changed(document, path, value):
    document = copy.deepcopy(document)
    at(document, path[:-1])[path[-1]] = value
    return document


def another(value):
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case None:
            return 1
        case []:
            return ["x"]
        case _:
            return {"x": 1}


def test_what_was_saved_is_read_as_the_same_plan(document, larger):
    for saved in (document, larger):
        assert to_document(read_document(saved)) == to_document(recorded(saved))
        assert json.loads(json.dumps(to_document(read_document(saved)))) == saved


def test_every_single_edit_of_a_saved_plan_is_refused(document):
    places = list(leaves(document))
    assert len(places) > 300
    for path in places:
        with pytest.raises(StoreError) as refused:
            read_document(changed(document, path, another(at(document, path))))
        assert path[0] == "schema" or "lmcspec plan SPEC" in refused.value.help, path


@settings(max_examples=examples(1))
@given(st.data())
def test_so_is_every_edit_of_a_larger_one(larger, data):
    path = data.draw(st.sampled_from([path for path in leaves(larger) if path[0] != "schema"]))
    with pytest.raises(StoreError):
        read_document(changed(larger, path, another(at(larger, path))))


def test_and_whatever_is_taken_out(document):
    places = {path[:depth] for path in leaves(document) for depth in range(1, len(path) + 1)}
    for path in places:
        edited = copy.deepcopy(document)
        del at(edited, path[:-1])[path[-1]]
        with pytest.raises(StoreError):
            read_document(edited)


def test_numbers_that_another_tool_spells_otherwise_are_no_edit_of_a_part(document):
    """A formatter may write 0.10 for 0.1, and 1 for 1.0: parts and tasks keep their digests."""
    place = next(path for path in leaves(document) if at(document, path) == 1)
    assert from_document({**changed(document, place, 1.0), SEAL: document[SEAL]})


@settings(max_examples=examples(1))
@given(st.data())
def test_a_forged_seal_never_gets_a_result_under_another_id(larger, data):
    """Whoever seals an edited plan anew may rename things; what tasks do is still what their ids say."""
    path = data.draw(st.sampled_from(list(leaves(larger))))
    value = data.draw(st.sampled_from([another(at(larger, path)), None, 1e9, -1, "", [], {}, [[]], {"a": {}}, True]))
    forged = changed(larger, path, value)
    forged[SEAL] = seal(forged)
    try:
        plan = read_document(forged)
    except StoreError:
        return
    assert all(own_id(task.document) == name for name, task in plan.tasks.items())
    view = outlook(plan, None)
    assert [*render.table(view, Slots(1), ""), render.tree(view)] and render.document(view, Slots(1))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("targets", 0, "task"), "f" * 64),
        (("targets", 0, "mask"), "f" * 64),
        (("targets", 0, "level"), 7),
        (("targets", 0, "network"), "nobody"),
        (("roles", "dense/s0/l0/train"), "f" * 64),
        (("verdicts", 0, "networks", 0), "nobody"),
        (("series", 0, "network"), "nobody"),
        (("levels", 0, "levels"), []),
        (("neutral",), {}),
        (("images",), {"f" * 64: 5}),
    ],
)
def test_a_forged_seal_does_not_help_what_refers_to_nothing(document, path, value):
    forged = changed(document, path, value)
    forged[SEAL] = seal(forged)
    with pytest.raises(StoreError, match="not a whole saved plan"):
        read_document(forged)


def test_a_plan_without_a_seal_may_be_read_about_and_not_run(document):
    """So the first versions recorded them."""
    old = {key: value for key, value in document.items() if key != SEAL}
    assert recorded(old).tasks.keys() == document["tasks"].keys()
    with pytest.raises(StoreError, match="earlier version"):
        read_document(old)
    edited = changed(old, ("parts", next(iter(old["parts"])), "x"), 1)
    with pytest.raises(StoreError, match="edited or damaged"):
        recorded(edited)


def test_sets_that_no_task_uses_are_no_part_of_a_saved_plan(tmp_path):
    """Their images lie somewhere too, and nothing would say what they have to be."""
    import torch

    torch.save(torch.zeros(10, 1, 8, 8), tmp_path / "images_best.pt")
    torch.save(torch.arange(10), tmp_path / "labels_best.pt")
    text = STABILITY + f'[distilled]\nunused = {{ load = "{tmp_path}/images_best.pt", space = "raw" }}\n'
    saved = json.loads(json.dumps(to_document(plan_of(text))))
    assert read_document(saved).tasks and set(saved["neutral"]) <= set(saved["parts"])


def of_another_kind(document, name):
    """A plan of one task, whose kind is called otherwise, under honest digests."""
    forged = copy.deepcopy(document)
    entry = next(iter(forged["tasks"].values()))
    entry["kind"] = name
    forged["tasks"] = {own_id(entry): entry}
    forged["roles"] = forged["images"] = {}
    forged["targets"] = []
    forged[SEAL] = seal(forged)
    return forged


@pytest.mark.parametrize("name", ["this", "no.such.module:KIND", "os:getcwd", "json:dumps", "lmcspec.tasks:kind"])
def test_a_plan_that_names_something_else_as_a_kind_of_task(document, name):
    for read in (read_document, recorded):
        with pytest.raises(StoreError):
            read(of_another_kind(document, name))


def test_a_plan_imports_no_module_but_of_a_package_that_brings_cards(document, tmp_path, monkeypatch):
    """Importing runs a module, and a plan may be a stranger's: what is merely installed is not imported for one."""
    (tmp_path / "installed_by_chance.py").write_text("raise SystemExit('it was run')\nKIND = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    for read in (read_document, recorded):
        with pytest.raises(StoreError, match="brings cards") as caught:
            read(of_another_kind(document, "installed_by_chance:KIND"))
        assert "CONTRIBUTING.md" in caught.value.help
    assert "installed_by_chance" not in sys.modules


def test_tasks_of_a_document_come_after_their_inputs_whatever_order_they_are_written_in():
    """A record has them by their ids; what is blocked, skipped or forced is found by a walk in order."""
    document = json.loads(json.dumps(to_document(plan_of(MANY)), sort_keys=True))
    for plan in (recorded(document), from_document(document)):
        seen: set[str] = set()
        for task in plan.tasks.values():
            assert {source for _, source in task.inputs} <= seen
            seen.add(task.id)
        assert seen == document["tasks"].keys()

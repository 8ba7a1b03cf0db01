"""Parameters as documents, kinds by name, ids."""

from dataclasses import dataclass, field, fields

import pytest
from context_for_tests import MLP, RAW, recipe, training
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.ids import canonical, task_id
from lmcspec.tasks import Part, decode, document, encode, kind, kinds, make, parts_of
from lmcspec.tasks.distill import Distill
from lmcspec.tasks.params import ADDED_LATER
from lmcspec.tasks.path import Path
from lmcspec.tasks.prune import Prune
from lmcspec.tasks.shuffle import Shuffle
from lmcspec.tasks.training import Train

numbers = st.integers(0, 10**6)
parts = st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | numbers | st.text(), max_size=3).map(Part.of)
names = st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple)

trainings = st.builds(
    Train,
    model=parts,
    recipe=parts,
    data=parts,
    begin=numbers,
    until=numbers,
    start=st.sampled_from(["init", "reinit", "given"]),
    restore=st.sampled_from(["all", "prunable"]),
    train_on=st.none() | parts,
)
prunings = st.builds(
    Prune,
    model=parts,
    criterion=parts,
    fraction=st.floats(0, 1),
    rounds=st.integers(1, 30),
    scope=st.sampled_from(["global", "layer"]),
    exclude=names,
    sparsity=st.none() | st.floats(0, 1),
)
others = st.builds(Shuffle, model=parts, mode=st.sampled_from(["shuffled", "shuffled-global", "even"])) | st.builds(
    Distill, method=parts, model=parts, data=parts
)
paths = st.builds(
    Path, model=parts, data=parts, points=numbers, split=names, images=numbers, bn=names, bn_images=numbers
)


@given(trainings | prunings | others | paths)
def test_what_is_encoded_decodes_to_the_same(params):
    shared = {part.digest: part.value for part in parts_of(params)}
    written = encode(params)
    assert decode(type(params), written, shared) == params
    # What has been through JSON has lists for tuples.
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in written.items()}
    assert decode(type(params), listed, shared) == params
    assert canonical(written) == canonical(listed)


def test_parts_stand_as_their_digests():
    params = training()
    written = encode(params)
    assert (written["model"], written["data"], written["recipe"]) == (MLP.digest, RAW.digest, recipe().digest)
    assert written["train_on"] is None
    assert parts_of(params) == (MLP, recipe(), RAW)
    assert parts_of(training(train_on=Part.of({"a": 1})))[-1] == Part.of({"a": 1})


def test_parts_are_equal_by_digest():
    one, other = Part.of({"a": 1, "b": (1, 2)}), Part.of({"b": [1, 2], "a": 1})
    assert one == other
    assert hash(one) == hash(other)
    assert one != Part.of({"a": 2})
    assert one != one.digest


@dataclass(frozen=True, slots=True)
class Newer:
    model: Part
    twist: float = field(default=0.0, metadata=ADDED_LATER)
    turns: tuple[int, ...] = field(default=(), metadata=ADDED_LATER)


def test_a_field_added_later_is_left_out_at_its_default():
    assert encode(Newer(MLP)) == {"model": MLP.digest}
    assert encode(Newer(MLP, twist=0.5)) == {"model": MLP.digest, "twist": 0.5}
    shared = {MLP.digest: MLP.value}
    assert decode(Newer, {"model": MLP.digest}, shared) == Newer(MLP)
    assert decode(Newer, {"model": MLP.digest, "turns": [1]}, shared) == Newer(MLP, turns=(1,))


@dataclass(frozen=True, slots=True)
class Factory:
    items: tuple[int, ...] = field(default_factory=tuple, metadata=ADDED_LATER)


def test_a_default_that_is_made_anew_counts_as_one():
    assert encode(Factory()) == {}
    assert decode(Factory, {}, {}) == Factory()


@pytest.mark.parametrize("name", kinds())
def test_kinds(name):
    found = kind(name)
    assert found.name == name
    assert found.doc.endswith(".")
    assert found.version >= 1
    assert found.params.__dataclass_params__.frozen
    assert hasattr(found.params, "__slots__")
    assert found.run.__doc__
    assert found.work.__doc__
    known = {entry.name for entry in fields(found.params)}
    named = {found.data, found.in_place, found.file, found.layers, found.card.parameter if found.card else ""} - {""}
    assert named <= known


def test_an_unknown_kind():
    assert {"distance", "distill", "expert", "train"} < set(kinds())
    with pytest.raises(KeyError, match=f"no kind of task called 'trian'; there are {', '.join(kinds())}"):
        kind("trian")


def test_a_kind_from_elsewhere():
    assert kind("lmcspec.tasks.prune:KIND") is kind("prune")


def test_the_version_is_in_the_id(monkeypatch):
    before = make("train", training())
    found = kind("train")
    raised = type(found)(**{entry.name: getattr(found, entry.name) for entry in fields(found)} | {"version": 2})
    monkeypatch.setattr("lmcspec.tasks.train.KIND", raised)
    after = make("train", training())
    assert after.id != before.id
    assert after.document == before.document | {"version": 2}


def test_a_task_is_named_by_what_it_does():
    task = make("train", training(), {"mask": "ab", "start": "cd"}, {"replicate": 1}, label="here", keep="until-used")
    assert task.id == task_id(document("train", training(), {"start": "cd", "mask": "ab"}, {"replicate": 1}))
    assert task.id == make("train", training(), {"start": "cd", "mask": "ab"}, {"replicate": 1}).id
    others = [
        make("train", training(until=9), dict(task.inputs), dict(task.seeds)),
        make("train", training(), {"mask": "ab"}, dict(task.seeds)),
        make("train", training(), dict(task.inputs), {"replicate": 2}),
    ]
    assert task.id not in {other.id for other in others}


def test_trainings_of_one_branch_differ_in_their_end_only():
    assert training(until=3).branch == training(until=10).branch
    assert training(begin=1).branch != training().branch
    assert training(start="reinit").branch != training().branch
    assert training(restore="prunable").branch != training().branch
    assert training(train_on=Part.of({})).branch != training().branch


def test_nobody_asks_what_a_kind_is_called():
    """Facts of a kind stand in its module: outside of it no kind's name is compared with."""
    import ast
    from pathlib import Path

    import lmcspec
    from lmcspec.catalog import built_in

    own = set(kinds()) - set(built_in("measure"))
    assert {"train", "prune", "path"} <= own
    asked = []
    for file in sorted(Path(lmcspec.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare | ast.Match):
                said = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)} & own
                subject = node.left if isinstance(node, ast.Compare) else node.subject
                if said and isinstance(subject, ast.Attribute) and subject.attr == "kind":
                    asked.append(f"{file.name}:{node.lineno}: {said}")
    assert asked == []

"""Which tensor of a file is which of a model: over renamings, prefixes and orders of names that are made up."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmcspec.science.given.naming import OddRename, canonical, pair, rules_that_would_do, unwrapped

PARTS = st.sampled_from(
    ["fc", "fc_layers", "layers", "conv", "bn", "0", "1", "12", "model", "module", "weight", "bias"]
)
NAMES = st.lists(st.lists(PARTS, min_size=1, max_size=4).map(".".join), min_size=1, max_size=8, unique=True)
PREFIXES = st.lists(st.sampled_from(["module", "model", "_orig_mod", "net"]), max_size=3).map(
    lambda parts: "".join(f"{part}." for part in parts)
)


@given(NAMES, PREFIXES, st.randoms())
def test_what_all_names_begin_with_is_no_part_of_them(names, prefix, random):
    wrapped = [prefix + name for name in names]
    random.shuffle(wrapped)
    theirs, ours = canonical(wrapped, {}), canonical(names, {})
    assert {name: original.removeprefix(prefix) for name, original in theirs.items()} == ours
    paired = pair(names, theirs)
    assert (paired.missing, paired.others) == ((), ())
    assert {name: theirs[other] for name, other in paired.pairs.items()} == {name: prefix + name for name in names}


@given(NAMES, PREFIXES)
@example(["fc.fc"], "module.")  # all names begin with more than the prefix
@example(["fc.fc.0", "fc.fc.1"], "module.net.")
def test_a_renaming_of_each_module_leads_to_the_model(names, prefix):
    modules = {name.partition(".")[0] for name in names}
    rules = {f"their-{module}": module for module in modules}
    file = [f"{prefix}their-{name}" for name in names]
    renamed = canonical(file, rules)
    assert unwrapped(names).keys() == renamed.keys()
    if prefix:  # or with names as the file has them
        assert canonical(file, {f"{prefix}{rule}": new for rule, new in rules.items()}).keys() == renamed.keys()


@given(NAMES, st.data())
def test_some_of_a_model_s_names_are_told_of_a_whole_file(names, data):
    """A plan knows the prunable weights alone, which may all be in a part of the model."""
    some = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    paired = pair(some, canonical([f"module.{name}" for name in names], {}))
    assert not paired.missing
    assert len(paired.others) == len(names) - len(some)


@pytest.mark.parametrize(
    ("names", "rules", "says"),
    [
        (["a.x", "b.x"], {"c": "a"}, "no tensor whose name begins with `c`"),
        (["a.x", "b.x"], {"a": "b"}, "two tensors that are called `b.x`"),
        (["ab.x", "b.x"], {"a": "c"}, "no tensor whose name begins with `a`"),
        (
            ["m.fc.w", "m.conv.w"],
            {"m.fc": "x", "conv": "y"},
            "by `m.fc` and `conv`: of the `m` that all .* all or none",
        ),
        (["m.fc.w", "m.conv.w"], {"fc": "x", "m.conv": "y"}, "by `m.conv` and `fc`: of the `m`"),
        (["m.fc.w", "m.conv.w"], {"fc": "x", "m.conv": "y", "z": "q"}, "no tensor whose name begins with `z`"),
        (["a.b.fc.w", "a.b.conv.w"], {"a.b.fc": "x", "conv": "y"}, "of the `a.b` that all its names begin with"),
    ],
)
def test_rules_that_mean_nothing_are_refused(names, rules, says):
    with pytest.raises(OddRename, match=says):
        canonical(names, rules)


@given(NAMES, st.data())
def test_any_rules_rename_or_are_refused(names, data):
    modules = sorted({name.rpartition(".")[0] for name in names} - {""} | {"nobody"})
    spelled = st.sampled_from([*modules, *(f"module.{module}" for module in modules)])
    rules = data.draw(st.dictionaries(spelled, st.sampled_from(["x", "", "y.z"]), max_size=4))
    file = [f"module.{name}" for name in names]
    with suppress(OddRename):
        assert sorted(canonical(file, rules).values()) == sorted(file)


def test_the_longest_rule_counts_and_a_module_may_be_dropped():
    names = ["net.fc.weight", "net.fc_layers.0.weight"]
    assert canonical(names, {"fc": "classifier", "fc_layers": "layers"}) == {
        "classifier.weight": "net.fc.weight",
        "layers.0.weight": "net.fc_layers.0.weight",
    }
    assert set(canonical(["a.b.x", "a.c.x", "d"], {"a": "", "a.c": "e"})) == {"b.x", "e.x", "d"}


def test_a_renaming_is_offered_where_shapes_leave_no_doubt():
    missing = {"layers.0.weight": (3, 4), "layers.1.weight": (3, 3), "classifier.weight": (2, 3)}
    others = {"fc_layers.0.weight": (3, 4), "fc_layers.1.weight": (3, 3), "fc.weight": (2, 3)}
    assert rules_that_would_do(missing, others) == {"fc_layers": "layers", "fc": "classifier"}
    assert rules_that_would_do(missing, {"x.weight": (9, 9)}) == {}
    assert set(canonical(others, rules_that_would_do(missing, others))) == set(missing)


def test_numbered_modules_of_one_shape_are_paired_by_their_numbers():
    """Ten comes after two, in whatever order the file has them."""
    missing = {f"layers.{number}.weight": (3, 3) for number in range(12)}
    others = {f"body.{number}.0.weight": (3, 3) for number in sorted(range(12), key=str)}
    assert paired(missing, others) == {f"layers.{number}.weight": f"body.{number}.0.weight" for number in range(12)}


@pytest.mark.parametrize(
    "others",
    [
        {"b.weight": (3, 3), "a.weight": (3, 3)},
        {"net.0.up.weight": (3, 3), "net.1.down.weight": (3, 3)},
        {"net.0.weight": (3, 3), "net.1.weight": (3, 3), "head.weight": (3, 3)},
    ],
)
def test_nothing_is_offered_where_any_tensor_might_be_any_other(others):
    assert rules_that_would_do({"layers.0.weight": (3, 3), "layers.1.weight": (3, 3)}, others) == {}


@given(st.permutations(range(12)))
def test_a_renaming_that_is_offered_pairs_numbers_in_order(order):
    missing = {f"layers.{number}.weight": (3, 3) for number in range(12)}
    others = {f"net.{3 * number + 1}.weight": (3, 3) for number in order}
    assert paired(missing, others) == {
        f"layers.{number}.weight": f"net.{3 * number + 1}.weight" for number in range(12)
    }


def paired(missing, others):
    """Of each tensor of a model that of a file, by the renaming that is offered."""
    named = canonical(others, rules_that_would_do(missing, others))
    return {name: named[theirs] for name, theirs in pair(list(missing), named).pairs.items()}

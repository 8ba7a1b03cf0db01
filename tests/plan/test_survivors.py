"""Weights by level as a plan counts them: what pruning really leaves, and what is said where that is nothing new."""

import math

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from specs_for_tests import SEVEN_UPDATES

from lmcspec.base.errors import SpecError
from lmcspec.plan import compile_study
from lmcspec.plan.facts import data_facts
from lmcspec.plan.levels import lay_out
from lmcspec.plan.model_facts import take
from lmcspec.plan.settings import model_part
from lmcspec.plan.survivors import counted
from lmcspec.science import masks
from lmcspec.science.shares import count_to_prune
from lmcspec.spec import load
from lmcspec.spec.study import Stage
from lmcspec.store import Store, remember

MEASURED = '\n[measures]\naccuracy = { levels = ["last"] }\n'


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A folder with the facts of the small network: 1,024 and 160 weights."""
    store = Store.open(tmp_path_factory.mktemp("known") / "store")
    study = load_text("[networks]\ndense = []" + MEASURED).cases[0].study
    part = model_part(study.model, data_facts(study.dataset, store.root).facts)
    remember(store, part.digest, take(part))
    return store.root / "facts"


def load_text(text):
    from pathlib import Path

    return load(Path("study.toml"), (), text=SEVEN_UPDATES + text)


def plan(networks, facts=None):
    return compile_study(load_text(f"\n[networks]\n{networks}{MEASURED}"), facts_folder=facts)


def problem(networks, facts):
    with pytest.raises(SpecError) as refused:
        plan(networks, facts)
    (one,) = refused.value.problems
    return one


LAYERS = ("a", "b", "c")


def stages():
    spared = st.sampled_from([(), ("a",), ("c",), ("a", "b")])
    fraction = st.sampled_from([0.001, 0.05, 0.2, 0.5, 0.9])
    return st.builds(
        lambda rounds, fraction, scope, exclude: Stage.model_validate(
            {"rounds": rounds, "fraction": fraction, "scope": scope, "exclude": list(exclude), "criterion": MAGNITUDE}
        ),
        st.integers(1, 6),
        fraction,
        st.sampled_from(["global", "layer"]),
        spared,
    )


from lmcspec.catalog.criteria.magnitude import CARD  # noqa: E402

MAGNITUDE = CARD.config()


def spared_before(rounds):
    """A layer that is spared first takes its turn with the others later, in the model's order."""
    first, then = {"rounds": 1, "fraction": 0.001, "exclude": ["c"]}, {"rounds": rounds, "fraction": 0.5}
    return [Stage.model_validate({**stage, "scope": "layer", "criterion": MAGNITUDE}) for stage in (first, then)]


@given(
    st.lists(stages(), min_size=1, max_size=3), st.lists(st.integers(1, 40), min_size=3, max_size=3), st.integers(0, 99)
)
@example(spared_before(1), [1, 1, 1], 0)
@example(spared_before(2), [1, 1, 6], 0)
def test_counted_levels_are_those_of_masks(written, sizes, seed):
    """Pruned for real by random scores: what the plan knows is so, and a first stage is always known."""
    laid, levels = lay_out(tuple(written), dict(zip(LAYERS, sizes, strict=True)))
    densities = [level.density for level in levels]
    assert densities == sorted(densities, reverse=True) and densities[-1] >= 0
    found, idle, emptied = counted(laid, levels, dict(zip(LAYERS, sizes, strict=True)))
    torch.manual_seed(seed)
    scores = {name: torch.rand(size) for name, size in zip(LAYERS, sizes, strict=True)}
    mask = {name: torch.ones(size, dtype=torch.bool) for name, size in zip(LAYERS, sizes, strict=True)}
    kept, gone = [sum(sizes)], dict[str, int]()
    for stage in written:
        for _ in range(stage.rounds or 0):
            count = count_to_prune(stage.fraction, masks.survivors(mask, stage.exclude))
            mask = masks.prune(scores, mask, count, stage.exclude, stage.scope)
            kept.append(masks.survivors(mask))
            gone |= {name: len(kept) - 1 for name in LAYERS if not mask[name].any() and name not in gone}
    known = [level.surviving for level in found]
    assert all(own in (None, real) for own, real in zip(known, kept, strict=True))
    assert None not in known[: 1 + (written[0].rounds or 0)]
    assert None not in known or any(stage.exclude for stage in written)
    assert all(gone[name] <= level for name, level in emptied.items()), "from one ranking it may be sooner"
    assert emptied == gone or any(stage.scope == "global" for stage in written)
    same = {level for level in range(1, len(kept)) if kept[level] == kept[level - 1] and known[level] is not None}
    assert {level for one in idle for level in range(one.first + 1, one.last + 1)} == same


def test_rounds_that_never_prune_anything_are_an_error(known):
    one = problem('imp = [{ data = "real", rounds = 3, fraction = 0.0001 }]', known)
    assert (one.code, one.path) == ("E407", "networks.imp[0].fraction")
    assert "0.0001 of 1,184 weights rounds to none" in one.message and "0.0005" in one.help
    plan('imp = [{ data = "real", rounds = 3, fraction = 0.0005 }]', known)


@pytest.mark.parametrize(
    "stage",
    [
        'fraction = 0.003, exclude = ["layers.0"]',
        'fraction = 0.0004, scope = "layer"',
        "fraction = 0.0004, iterative = false",
        'fraction = 0.0004, criterion = "random"',
        "fraction = 0.0004, rewind = 0",
    ],
)
def test_whatever_else_the_stage_says(known, stage):
    assert problem(f'imp = [{{ data = "real", rounds = 2, {stage} }}]', known).code == "E407"


def test_a_second_stage_of_what_the_first_has_left(known):
    first = '{ data = "real", rounds = 30, fraction = 0.5 }'
    one = problem(f'imp = [{first}, {{ data = "real", rounds = 2 }}]', known)
    assert (one.code, one.path) == ("E407", "networks.imp[1]") and "no eligible weight is left" in one.message


def test_levels_that_are_one_mask_are_named_once_for_a_family(known):
    made = plan('imp = [{ data = "real", rounds = 52, fraction = 0.2, rewind = { each = [0, "2it"] } }]', known)
    left, level = 1184, 0
    while count := math.floor(0.2 * left + 0.5):
        left, level = left - count, level + 1
    note = next(note for note in made.notes if "one mask" in note)
    assert note.startswith(f"imp (2): levels {level} to 52 are one mask, {1 - left / 1184:.2%} sparse")
    assert f"{52 - level} of 52 rounds prune nothing, for 0.2 of {left} weights rounds to none" in note
    assert sum("one mask" in note for note in made.notes) == 1


def test_a_network_of_which_nothing_is_left(known):
    assert any(
        "no weight is left from level 11 on" in note
        for note in plan('imp = [{ data = "real", rounds = 12, fraction = 0.5 }]', known).notes
    )


def test_a_layer_of_which_nothing_is_left_while_others_have_some(known):
    """Half of 1,024 and of 160 weights goes in each round, and in the eighth all that is left of the smaller one."""
    made = plan('imp = [{ data = "real", rounds = 9, fraction = 0.5, scope = "layer" }]', known)
    assert made.notes == ("imp: no weight of `classifier` is left from level 8 on, though others have some",)
    spared = 'imp = [{ data = "real", rounds = 8, fraction = 0.9, exclude = ["classifier"] }]'
    assert any("no weight of `layers.0` is left from level 4 on" in note for note in plan(spared, known).notes)


def test_the_sparsity_that_will_be(known):
    made = plan('imp = [{ data = "real", rounds = 20, fraction = 0.3 }]', known)
    last = made.levels["", "imp"][-1]
    assert last.surviving == 1 and last.prunable == 1184 and last.sparsity == 1 - 1 / 1184
    assert abs(1 - last.density - 0.9992) < 1e-4, "the formula leaves 0.9 of a weight"


def test_exact_prunes_the_rest_in_its_last_round(known):
    made = plan('imp = [{ data = "real", sparsity = 0.75, exact = true, fraction = 0.2 }]', known)
    assert made.levels["", "imp"][-1].surviving == 1184 - 888
    assert made.notes == ()


def test_where_shapes_are_not_known_it_says_so_and_guesses_nothing():
    made = plan('imp = [{ data = "real", rounds = 3, fraction = 0.0001 }]')
    (note,) = made.notes
    assert "the shapes of mlp are not known yet" in note and "lmcspec plan --facts SPEC" in note
    assert all(level.surviving is None for level in made.levels["", "imp"])
    assert plan("dense = []").notes == (), "nothing is pruned, so nothing has to be known"

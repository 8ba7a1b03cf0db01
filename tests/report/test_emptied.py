"""Layers of which a mask leaves nothing are named beneath the table, with their levels."""

from results_for_tests import Result, made_up, plan_of

from lmcspec.report.tidy import emptied_layers, tidy
from lmcspec.report.words import gaps

NETWORKS = """
networks.imp = [{ data = "real", rounds = 3 }]
networks.late = [{ data = "real", rounds = 2, fraction = 0.5, rewind = { each = [0, "1ep"] } }]
measures.accuracy = {}
"""


def lines(surviving):
    """The lines where `surviving(network, level, replicate)` weights of each layer are left."""
    plan = plan_of(NETWORKS)
    store = made_up(plan, lambda _: 0.1)
    for target in plan.targets:
        if target.mask:
            left = surviving(target.network, target.level, target.replicate)
            layers = {f"{name}.weight": [count, 9] for name, count in left.items()}
            store.found[target.mask] = Result({"density": 0.5, "layers": layers})
    return gaps(tidy(plan, store))


def test_a_layer_is_named_once_with_its_levels():
    found = lines(lambda network, level, _: {"a": 0 if network == "imp" and level > 1 else 3, "b": 2})
    assert found == ["imp: no weight of `a` is left at levels 2, 3"]


def test_one_that_is_empty_in_some_replicates_only():
    found = lines(lambda network, level, replicate: {"a": int(network != "imp" or replicate > 0 or level < 3), "b": 2})
    assert found == ["imp: no weight of `a` is left at level 3, in some replicates"]


def test_members_of_a_family_and_layers_that_are_alike():
    many = dict.fromkeys("abcdefg", 0)
    found = lines(lambda network, level, _: {**(many if network != "imp" and level == 2 else {}), "z": 2})
    assert found == ["late (2 of the family): no weight of `a`, `b`, `c`, `d`, `e` and 2 more is left at level 2"]


def test_a_network_of_which_nothing_is_left_and_masks_that_do_not_say():
    assert lines(lambda *_: {"a": 0, "b": 0}) == []
    assert lines(lambda *_: {}) == []
    assert emptied_layers({"layers": {"a.weight": {"size": 9, "a": 0, "b": 0, "both": 0}}}) == ()

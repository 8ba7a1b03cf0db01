import torch
from digit_networks_for_tests import same
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base import streams
from lmcspec.science.permute.algebra import apply, fixed_points, fixed_share, identity, invert
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.indirect import along, induced

SIZES = {"first": 7, "second": 4}
_INPUT, _FIRST, _SECOND = (Block(None, 3),), (Block("first", 7),), (Block("second", 4),)
AXES = {"first.weight": (_FIRST, _INPUT), "second.weight": (_SECOND, _FIRST), "second.bias": (_SECOND,)}
GROUPS = Groups(SIZES, AXES, tuple(AXES))
seeds = st.integers(0, 10_000)


def permutation(seed):
    return {g: torch.from_numpy(streams.permutation(size, "match", seed, g)) for g, size in SIZES.items()}


def network(seed):
    shapes = {"first.weight": (7, 3), "second.weight": (4, 7), "second.bias": (4,)}
    return {
        name: torch.from_numpy(streams.normals(torch.Size(shape).numel(), "init", seed, name)).view(shape)
        for name, shape in shapes.items()
    }


def moved(tensors, *permutations):
    for p in permutations:
        tensors = apply(GROUPS, p, tensors)
    return tensors


@given(seeds, seeds)
def test_through_a_third_network(first, second):
    """B goes into the frame of C and from there into A's."""
    a_to_c, b_to_c, b = permutation(first), permutation(second), network(0)
    direct = moved(b, induced(a_to_c, b_to_c))
    assert same(direct, moved(b, b_to_c, invert(a_to_c)))
    assert same(moved(direct, a_to_c), moved(b, b_to_c)), "seen from C both ways are the same"


@given(seeds)
def test_through_b_itself_it_is_the_direct_one(seed):
    """C = B: A is aligned to B by the inverse of what aligns B to A."""
    direct = permutation(seed)
    assert same(induced(invert(direct), identity(GROUPS)), direct)
    assert same(induced(invert(direct), {}), direct)
    assert fixed_share(induced(invert(direct), {}), direct) == 1


@given(st.lists(seeds, max_size=4))
def test_a_path_is_its_steps_from_the_far_end_on(steps):
    path, far = [permutation(seed) for seed in steps], network(1)
    assert same(moved(far, along(path)), moved(far, *reversed(path)))


@given(seeds, seeds)
def test_planted_cycles_close(first, second):
    """Networks that are permutations of each other: each step is exact, and all of them together are the identity."""
    a = network(2)
    p, q = permutation(first), permutation(second)
    b = moved(a, invert(p))
    c = moved(b, invert(q))
    assert same(moved(b, p), a) and same(moved(c, q), b)
    back = invert(along([p, q]))
    assert same(moved(a, back), c)
    cycle = along([p, q, back])
    assert fixed_points(cycle, {}) == SIZES and same(moved(a, cycle), a)
    assert same(along([p, invert(p)]), identity(GROUPS)), "A to B and back"


def test_the_order_of_steps_matters():
    p, q = permutation(1), permutation(2)
    assert not same(along([p, q]), along([q, p]))

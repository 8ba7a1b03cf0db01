"""How networks look."""

import colorsys

from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.palette import COLOURS, DENSE, MARKERS, Method, looks

COUNTS = st.integers(1, 12)


def hue(colour):
    return colorsys.rgb_to_hsv(*(part / 255 for part in bytes.fromhex(colour[1:])))


def test_what_is_dense_is_grey_and_each_network_has_a_colour_of_its_own():
    assert hue(DENSE)[1] == 0
    given = looks([Method(f"n{number}", f"n{number}") for number in range(10)])
    assert [given[f"n{number}"].colour for number in range(10)] == list(COLOURS) and len(set(COLOURS)) == 10
    assert [given[f"n{number}"].marker for number in range(10)] == list(MARKERS)
    assert {look.dashes for look in given.values()} == {"-"}


def test_of_more_networks_than_colours_baselines_share_that_of_their_original_and_are_broken():
    pruned = [Method(f"n{number}", f"n{number}") for number in range(7)]
    given = looks([*pruned, *(Method(f"b{number}", f"n{number}") for number in range(7))])
    assert all(given[f"b{number}"].colour == given[f"n{number}"].colour for number in range(7))
    assert all(given[f"b{number}"].dashes != "-" == given[f"n{number}"].dashes for number in range(7))
    assert len({given[f"n{number}"].colour for number in range(7)}) == 7


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_no_two_networks_look_alike_and_members_are_tints_of_their_family(sizes):
    methods = [
        Method(
            f"f{family}[rewind={member}]" if size > 1 else f"f{family}",
            f"f{family}[rewind={member}]" if size > 1 else f"f{family}",
        )
        for family, size in enumerate(sizes)
        for member in range(size)
    ]
    given = looks(methods)
    assert len({given[method.name] for method in methods}) == len(methods)
    for family, size in enumerate(sizes):
        members = [hue(given[f"f{family}[rewind={member}]"].colour) for member in range(size)] if size > 1 else []
        # Of a hue to what 256 shades can tell, and darker from one to the next.
        assert all(abs(member[0] - hue(COLOURS[family])[0]) < 0.05 for member in members if min(member[1:]) > 0.2)
        sums = [sum(bytes.fromhex(given[f"f{family}[rewind={member}]"].colour[1:])) for member in range(len(members))]
        assert sums == sorted(sums, reverse=True) and len(set(sums)) == len(sums)

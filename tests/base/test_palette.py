"""The colours of networks."""

import colorsys

from lmcspec.base.palette import COLOURS, DENSE, colour_of


def test_each_network_has_one_of_its_own_and_what_is_dense_is_grey():
    pruned = [f"n{number}" for number in range(10)]
    given = [colour_of(name, pruned, lambda name: name) for name in pruned]
    assert given == list(COLOURS) and len(set(given)) == 10
    assert colour_of("dense", pruned, lambda name: name) == DENSE
    red, green, blue = bytes.fromhex(DENSE[1:])
    assert colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)[1] == 0, "grey"


def test_of_more_networks_than_colours_baselines_share_that_of_their_original():
    originals = {f"b{number}": f"n{number}" for number in range(7)}
    pruned = [f"n{number}" for number in range(7)] + list(originals)
    given = {name: colour_of(name, pruned, lambda name: originals.get(name, name)) for name in pruned}
    assert all(given[name] == given[of] for name, of in originals.items())
    assert len({given[f"n{number}"] for number in range(7)}) == 7

"""How networks look: the colours, markers and kinds of lines of figures, and of what a tracking server shows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lmcspec.base.members import family

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f5539", "#6a3d9a", "#b2182b", "#4d4d4d")
"""Told apart by most colour-blind people, too (Okabe and Ito's, and more)."""
DENSE = "#6b6b6b"
MARKERS = "osD^vPX*<>"
DASHES = ("-", "--", ":", "-.")
"""What tells lines of one colour apart."""
LIGHTEST, DARKEST = 0.4, -0.45
"""How much white the lightest member of a family has, and how much black the darkest, below 0."""


class Look(NamedTuple):
    """How a network looks wherever it is drawn."""

    colour: str
    marker: str
    dashes: str


class Method(NamedTuple):
    """A pruned network; or several that are each pruned once, to another sparsity, and make one line together."""

    name: str
    original: str
    """The name of the method whose masks it takes; its own where it has its own."""


def looks(methods: Sequence[Method]) -> dict[str, Look]:
    """The look of each method, in the order of the spec, and of each family as a whole.

    A family has a colour and a marker, one after the other. Its members have tints of that colour, from light to dark,
    and the markers from its own on. What takes another's masks is drawn broken, each of these in another way. Where
    there are more families than colours, one that takes another's masks has its colour; beyond as many others colours
    begin again.
    """
    members: dict[str, list[Method]] = {}
    for method in methods:
        members.setdefault(family(method.name), []).append(method)
    originals = {name: family(of_family[0].original) for name, of_family in members.items()}
    places = _places(originals)
    dashes = _dashes(originals) | _dashes({method.name: method.original for method in methods})
    given: dict[str, Look] = {}
    for number, (name, of_family) in enumerate(members.items()):
        colour = COLOURS[places[name] % len(COLOURS)]
        given[name] = Look(colour, _marker(number), dashes[name])
        shades = tints(colour, len(of_family), LIGHTEST, DARKEST) if len(of_family) > 1 else [colour]
        for step, (method, shade) in enumerate(zip(of_family, shades, strict=True)):
            given[method.name] = Look(shade, _marker(number + step), dashes[method.name])
    return given


def _places(originals: Mapping[str, str]) -> dict[str, int]:
    """The place of each family's colour."""
    if len(originals) <= len(COLOURS):
        return {name: place for place, name in enumerate(originals)}
    leading = list(dict.fromkeys(originals.values()))
    return {name: leading.index(original) for name, original in originals.items()}


def _marker(place: int) -> str:
    """Beyond the last the first again, one further on: what has a colour again has another marker."""
    return MARKERS[(place + place // len(MARKERS)) % len(MARKERS)]


def _dashes(originals: Mapping[str, str]) -> dict[str, str]:
    """Those of each: the first that takes the masks of another is dashed, further ones are dotted in two ways."""
    twins: dict[str, list[str]] = {}
    for name, original in originals.items():
        if name != original:
            twins.setdefault(original, []).append(name)
    places = {name: place for of_original in twins.values() for place, name in enumerate(of_original)}
    return {name: DASHES[1:][places[name] % 3] if name in places else DASHES[0] for name in originals}


def tints(colour: str, count: int, lightest: float, darkest: float) -> list[str]:
    """Take so many tints of a colour, from light to dark: with a share of white, or of black where it is below 0."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    shares = [lightest + (darkest - lightest) * place / max(1, count - 1) for place in range(count)]
    return ["#" + "".join(f"{round(255 * _mixed(part, share)):02x}" for part in parts) for share in shares]


def _mixed(part: float, share: float) -> float:
    return part + share * (1 - part) if share > 0 else part * (1 + share)

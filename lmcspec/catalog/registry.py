"""Finding cards: one package per kind, its modules loaded by name, then plug-ins by entry point.

No list of cards exists anywhere. A new card is a new module in the folder of its kind that defines `CARD`
(or `CARDS`). Plug-ins are scanned only for a name that is not built in, and by whoever asks for all of them.
"""

import logging
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from lmcspec.base.errors import UsageError
from lmcspec.catalog.card import KINDS, Card, cards_of
from lmcspec.catalog.plugged import plugged_cards

_log = logging.getLogger(__name__)


class DuplicateCard(UsageError):
    """Two cards of one kind claim the same name."""


@cache
def built_in(kind: str) -> dict[str, Card]:
    """The cards of a kind that come with lmcspec, by their own names and in that order."""
    return _collect(kind, [card for name in _modules(kind).values() for card in cards_of(import_module(name))])


@cache
def _modules(kind: str) -> dict[str, str]:
    """The modules of a kind's cards: how they are called in its folder, and in full."""
    package = import_module(f"lmcspec.catalog.{KINDS[kind]}")
    return {
        name: f"{package.__name__}.{name}" for name in sorted(module.name for module in iter_modules(package.__path__))
    }


@cache
def plug_ins(kind: str) -> dict[str, Card]:
    """The cards of a kind that other installed packages bring under the entry-point group `lmcspec.cards`.

    One that has the name of a built-in one, or of one that comes earlier, is left out with a word.
    """
    cards: dict[str, Card] = {}
    taken = dict.fromkeys(_names(built_in(kind).values()), "a built-in one")
    for package, card in plugged_cards():
        if card.kind != kind:
            continue
        called = _names([card])
        if clash := next((name for name in called if name in taken or called.count(name) > 1), ""):
            other = taken.get(clash, "itself")
            _log.warning("a card of %s is left out: the %s %r has the name of %s", package, kind, clash, other)
            continue
        cards[card.name] = card
        taken |= dict.fromkeys(called, f"one of {package}")
    return cards


def find(kind: str, name: str) -> Card | None:
    """The card of that name or variant, looking among the plug-ins only if none is built in."""
    for card in _in_own_module(kind, name):
        if name == card.name:
            return card
    for cards in (built_in, plug_ins):
        for card in cards(kind).values():
            if name == card.name or name in card.variants:
                return card
    return None


def _in_own_module(kind: str, name: str) -> list[Card]:
    """The cards of the module that is called as the card, if there is one: most are, and no other need be read."""
    module = _modules(kind).get(name.replace("-", "_"))
    return cards_of(import_module(module)) if module else []


def get(kind: str, name: str) -> Card:
    """As `find`, but a UsageError with the nearest names where there is none."""
    card = find(kind, name)
    if card is None:
        near = nearest(name, names(kind))
        message = f"there is no {kind} called {name!r}" + (f"; did you mean {near!r}?" if near else "")
        raise UsageError(message, help="" if near else f"there are {', '.join(names(kind))}")
    return card


def names(kind: str, *, plugged: bool = True) -> list[str]:
    """All names of a kind, variants included, sorted."""
    cards = [*built_in(kind).values(), *(plug_ins(kind).values() if plugged else ())]
    return sorted(_names(cards))


def nearest(name: str, known: list[str] | tuple[str, ...]) -> str | None:
    """The known name that a typing error most likely meant, or None; one that goes on at a dash comes first."""
    longer = [other for other in known if other.endswith(f"-{name}") or other.startswith(f"{name}-")]
    if len(longer) == 1:
        return longer[0]
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return close[0] if close else None


def _names(cards) -> list[str]:
    return [name for card in cards for name in (card.name, *card.variants)]


def _collect(kind: str, cards: list[Card]) -> dict[str, Card]:
    taken: dict[str, Card] = {}
    for card in cards:
        if card.kind != kind:
            raise DuplicateCard(f"{card.name!r} is a {card.kind} in the folder of {kind} cards")
        for name in (card.name, *card.variants):
            if name in taken:
                raise DuplicateCard(f"two {kind} cards are called {name!r}")
            taken[name] = card
    return {card.name: card for card in cards}

"""What packages' cards do as a study is planned: whatever they raise is told of the card, at a place in the spec."""

from collections.abc import Callable
from typing import Any

from lmcspec.base.errors import LmcspecError
from lmcspec.catalog import Card, built_in


class BrokenCard(Exception):
    """A package's card raises, or gives what its kind doesn't."""

    def __init__(self, card: Card, flaw: str) -> None:
        super().__init__(f"the {card.kind} {card.name!r} can't be used here: {flaw}")
        self.help = "mend its package, or take another"


def asked_of(card: Card, function: Callable[..., Any], *given: Any, but: tuple[type[Exception], ...] = ()) -> Any:
    """What a function of a card gives. Raises BrokenCard where that of a package raises; `but` what it may raise."""
    try:
        return function(*given)
    except (LmcspecError, BrokenCard, *but):
        raise
    except Exception as error:
        if built_in(card.kind).get(card.name) is card:
            raise
        raise BrokenCard(card, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}") from error

"""Points in training: "3ep", "500it", "2ep40it", or a bare integer for epochs."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"(?:(?P<ep>0|[1-9]\d{0,99})ep)?(?:(?P<it>0|[1-9]\d{0,99})it)?")
_LARGEST = 10**12


@dataclass(frozen=True, slots=True)
class Step:
    """`epochs` whole passes over the training set, then `updates` more optimiser updates.

    The state at a step is the state after that many updates.
    """

    epochs: int = 0
    updates: int = 0

    def resolve(self, per_epoch: int) -> int:
        """Updates since the start of training, given how many make an epoch."""
        return self.epochs * per_epoch + self.updates

    def __str__(self) -> str:
        if not self.updates:
            return f"{self.epochs}ep"
        return f"{self.epochs}ep{self.updates}it" if self.epochs else f"{self.updates}it"


def _short(value: object) -> str:
    """A value as an error quotes it: its beginning, if it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def parse_step(value: object) -> Step:
    """A step from its spelling.

    >>> parse_step("2ep40it")
    Step(epochs=2, updates=40)
    >>> parse_step(3) == parse_step("3ep")
    True

    Raises ValueError for anything else: negative or huge numbers, decimals, spaces, leading zeros, booleans.
    """
    if isinstance(value, Step):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        step = Step(epochs=value)
    elif isinstance(value, str) and value and (match := _FORM.fullmatch(value)):
        step = Step(int(match["ep"] or 0), int(match["it"] or 0))
    else:
        raise ValueError(
            f'{_short(value)} is not a step: write epochs as 3 or "3ep", updates as "500it", both as "2ep40it"'
        )
    if not (0 <= step.epochs <= _LARGEST and 0 <= step.updates <= _LARGEST):
        raise ValueError(f"a step must lie between 0 and {_LARGEST}, not {_short(value)}")
    return step


def updates_per_epoch(images: int, batch: int) -> int:
    """How many batches cover `images` once; the last, partial one counts."""
    return -(-images // batch)


def images_until(updates: int, batch: int, images: int) -> int:
    """How many images so many updates see, of a training set of `images`; the last batch of an epoch may be partial."""
    epochs, rest = divmod(updates, updates_per_epoch(images, batch))
    return epochs * images + min(rest * batch, images)

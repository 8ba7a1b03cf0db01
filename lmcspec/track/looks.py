"""How often the numbers of all series are looked at while tasks are running."""

EVERY = 2.0
"""Seconds between two looks at the numbers of all series while tasks are running, at least."""
SELDOM = 20
"""And so many times what such a look takes, which walks over all results that there are."""


class Looks:
    """When to look again. Time is a number that the caller passes in."""

    def __init__(self) -> None:
        self._next = 0.0

    def due(self, now: float) -> bool:
        """Whether it is time for another look."""
        return now > self._next

    def looked(self, begun: float, ended: float) -> None:
        """A look took from the one moment to the other."""
        self._next = ended + max(EVERY, SELDOM * (ended - begun))

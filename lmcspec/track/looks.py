"""How often the numbers of all series, and the curves of running tasks, are looked at."""

EVERY = 2.0
"""Seconds between two looks at the numbers of all series while tasks are running, at least."""
CURVES_EVERY = 5.0
"""Seconds between two looks at the curves of running tasks: a point costs a server the more the fewer come at once."""
SELDOM = 20
"""And so many times what such a look takes, which walks over all results that there are, or over all running tasks."""


class Looks:
    """When to look again. Time is a number that the caller passes in."""

    def __init__(self, every: float = EVERY) -> None:
        self._every, self._next = every, 0.0

    def due(self, now: float) -> bool:
        """Whether it is time for another look."""
        return now > self._next

    def looked(self, begun: float, ended: float) -> None:
        """A look took from the one moment to the other."""
        self._next = ended + max(self._every, SELDOM * (ended - begun))

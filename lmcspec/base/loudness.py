"""How much is said besides the answer."""

from enum import IntEnum


class Loudness(IntEnum):
    """From errors alone to every step."""

    QUIET = 0
    """Errors and the answer."""
    USUAL = 1
    VERBOSE = 2
    """Each start, where results were reused from, how long phases took."""

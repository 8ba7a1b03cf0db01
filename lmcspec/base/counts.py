"""Whole numbers as people write them."""

LONGEST = 18
"""Digits; more count nothing that there is, and are slow to read."""


def whole(text: str) -> int | None:
    """The number that a text spells in digits from 0 to 9; None where it is none, or too long for any count."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else None

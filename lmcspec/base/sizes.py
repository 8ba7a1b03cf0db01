"""Bytes and other large numbers as people write them: `16 GB`, `500 MB`, `4 GiB`, `2.59 M`."""

import re
from collections.abc import Sequence

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_BY_LOWER = {name.lower(): size for name, size in _UNITS.items()}
UNITS = ", ".join(_UNITS)
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([a-zA-Z]+)", re.ASCII)


def read_bytes(text: str) -> int:
    """The number of bytes in `text`. ValueError where it is none."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2].lower() not in _BY_LOWER:
        raise ValueError(f"{text!r} is no size; the units are {UNITS}")
    return int(float(match[1]) * _BY_LOWER[match[2].lower()])


def in_thousands(count: float, units: Sequence[str]) -> str:
    """Three digits in the first of the units, each a thousand of the one before, of which there are less than 1,000.

    >>> in_thousands(999_700, ["B", "kB", "MB"])
    '1 MB'
    """
    for unit in units:
        # As it is shown: what is rounded to 1,000 is one of the next.
        if float(shown := f"{count:.3g}") < 1000:
            return f"{shown} {unit}".rstrip()
        count /= 1000
    return f"{count * 1000:,.0f} {units[-1]}"

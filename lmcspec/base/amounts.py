"""Amounts as people write them: 50GB, 1.5 GiB, 30d, 12h."""

import re

from lmcspec.base.errors import UsageError

_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)
_BYTES = {"": 1, "b": 1} | {
    f"{letter}{binary}b": (1024 if binary else 1000) ** power
    for power, letter in enumerate("kmgtp", 1)
    for binary in ("", "i")
}
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "y": 365 * 86400.0}


def in_bytes(text: str) -> int:
    """A size in bytes: kB, MB, GB and TB are powers of 1,000, KiB, MiB, GiB and TiB of 1,024. Raises UsageError."""
    number, unit = _parts(text)
    factor = _BYTES.get(unit.lower())
    if number is None or factor is None:
        raise UsageError(f"{text!r} is no size", help="such as 50GB, 800MB or 2TiB")
    return round(number * factor)


def in_seconds(text: str) -> float:
    """An age in seconds: s, min, h, d, w, y. Raises UsageError."""
    number, unit = _parts(text)
    factor = _SECONDS.get(unit)
    if number is None or factor is None:
        raise UsageError(f"{text!r} is no age", help="such as 30d, 12h, 2w or 1y")
    return number * factor


def _parts(text: str) -> tuple[float | None, str]:
    found = _NUMBER.fullmatch(text)
    return (float(found[1]), found[2]) if found and len(found[1]) < 20 else (None, "")

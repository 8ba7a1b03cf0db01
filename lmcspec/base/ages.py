"""Ages as people write them: `30d`, `12 h`, `2w`."""

import re

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "y": 365 * 86400.0}
UNITS = ", ".join(_SECONDS)
_AGE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)", re.ASCII)


def read_age(text: str) -> float:
    """The seconds in `text`. ValueError where it is no age."""
    match = _AGE.fullmatch(text.strip())
    if match is None or match[2] not in _SECONDS:
        raise ValueError(f"{text!r} is no age; the units are {UNITS}")
    return float(match[1]) * _SECONDS[match[2]]

"""What a run says of a task that is done, besides how long it took."""

import re
from collections.abc import Mapping
from typing import Any

from lmcspec.tasks import kind, kinds

_NO_NUMBER = re.compile(r"\b(nan|inf)\b")


def number(kind_name: str, scalars: Mapping[str, Any]) -> str:
    """The number of its result that matters, in a few words; empty where there is none, or it isn't finite."""
    if kind_name not in kinds() and ":" not in kind_name:
        return ""
    try:
        text = kind(kind_name).says(scalars)
    except Exception:  # noqa: BLE001 (a plug-in's result may be anything, and saying it must not end a run)
        return ""
    return "" if _NO_NUMBER.search(text) else text

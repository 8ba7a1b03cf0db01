"""Canonical JSON and the sha256 digests that name everything: recipes, models, data, tasks."""

import hashlib
import math
from typing import Any

import rfc8785

TASK_PREFIX = b"lmcspec:task:1\0"
SHORT = 10
"""How many hex digits of an id are shown to people; unique prefixes are accepted as git does."""

_EXACT = 2**53 - 1


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of plain data: dicts with string keys, lists, strings, bools, None and finite numbers.

    Tuples count as lists, `-0.0` as `0`, and integers of 2^53 and more become strings, because JSON readers
    elsewhere would round them. Anything else (a path, a set, a NaN) is a TypeError or ValueError: an id must
    never depend on something that another machine would spell differently.
    """
    return rfc8785.dumps(_plain(value))


def digest(value: Any) -> str:
    """sha256 of the canonical bytes, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def task_id(document: Any) -> str:
    """The id of a task from its identity document {kind, version, params, inputs, seeds}."""
    return hashlib.sha256(TASK_PREFIX + canonical(document)).hexdigest()


def short(identifier: str) -> str:
    """The first digits of an id, as tables and messages show it."""
    return identifier[:SHORT]


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= _EXACT else str(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} has no canonical form: ids are made of finite numbers")
            return 0 if value == 0 else value
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            for key in value:
                if not isinstance(key, str):
                    raise TypeError(f"keys must be strings, not {type(key).__name__} ({key!r})")
            return {key: _plain(item) for key, item in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form: {value!r}")

"""Canonical JSON and the sha256 digests that name everything: recipes, models, data, tasks."""

import hashlib
import json
import math
from typing import Any

TASK_PREFIX = b"lmcspec:task:1\0"
SHORT = 10
"""How many hex digits of an id are shown to people; unique prefixes are accepted as git does."""

_EXACT = 2**53 - 1
_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of plain data: dicts with string keys, lists, strings, bools, None and finite numbers.

    Tuples count as lists, `-0.0` as `0`, and integers of 2^53 and more become strings, because JSON readers
    elsewhere would round them. Anything else (a path, a set, a NaN) is a TypeError or ValueError: an id must
    never depend on something that another machine would spell differently.
    """
    rare: list[Any] = []
    plain = _plain(value, rare)
    if rare:
        import rfc8785

        return rfc8785.dumps(plain)
    # A plan has an id for each of its tasks, and Python's own writer is 20 times faster.
    return _WRITER.encode(plain).encode()


def digest(value: Any) -> str:
    """sha256 of the canonical bytes, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def task_id(document: Any) -> str:
    """The id of a task from its identity document {kind, version, params, inputs, seeds}."""
    return hashlib.sha256(TASK_PREFIX + canonical(document)).hexdigest()


def short(identifier: str) -> str:
    """The first digits of an id, as tables and messages show it."""
    return identifier[:SHORT]


def _plain(value: Any, rare: list[Any]) -> Any:
    """The value in JSON's types; what JSON's own writer would spell otherwise than RFC 8785 is put into `rare`."""
    if type(value) is str:
        return value
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= _EXACT else str(value)
        case float():
            return _plain_float(value, rare)
        case list() | tuple():
            return [_plain(item, rare) for item in value]
        case dict():
            for key in value:
                if not isinstance(key, str):
                    raise TypeError(f"keys must be strings, not {type(key).__name__} ({key!r})")
                if not key.isascii():
                    rare.append(key)
            return {key: _plain(item, rare) for key, item in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form: {value!r}")


def _plain_float(value: float, rare: list[Any]) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} has no canonical form: ids are made of finite numbers")
    size = abs(value)
    if size <= _EXACT and value == int(value):
        return int(value)
    # Between these Python and JavaScript write the same digits, and neither an exponent.
    if not 1e-4 <= size <= _EXACT:
        rare.append(value)
    return value

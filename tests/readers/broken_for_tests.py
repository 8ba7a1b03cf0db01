"""Files made from a sound one, each by a number: what a bad disk, a stranger or another version might have left.

A plain generator of random numbers draws them, for drawing by hypothesis costs more than most readers do.
"""

import json
import random
from collections.abc import Callable
from typing import Any

WORDS = ["\x1b[31m", "\x00", "\u202e", "../../x", "/etc/passwd", "x" * 5000, "train", "ok", "nan", "", "é", "\ud800"]
NUMBERS = [0, -1, 1, 2**31, 2**53, 2**63, 10**30, -(10**30), 1e308, -1e308, 0.5, 10**400]
INSERTED = [b"\x1b[2J", b"\xff" * 8, b"[" * 500]


def breaker(content: bytes, is_json: bool) -> Callable[[int], bytes]:
    """Number -> the content with something wrong; every other time as JSON, where it is some."""
    rows = content.splitlines()
    whole = rows[:1] == rows or not _is_object(rows[0]) if is_json else False
    texts = [content] if whole else rows
    where = {at: places(json.loads(text)) for at, text in enumerate(texts)} if is_json else {}

    def broken(number: int) -> bytes:
        chance = random.Random(number)
        if not is_json or chance.random() < 0.5:
            return _bytes_changed(chance, content)
        at = chance.randrange(len(texts))
        tree = json.loads(texts[at])
        for _ in range(chance.randint(1, 3)):
            tree = _changed(chance, tree, chance.choice(where[at]))
        text = json.dumps(tree, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        return text if whole else b"\n".join([*rows[:at], text, *rows[at + 1 :]]) + chance.choice([b"\n", b""])

    return broken


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """All paths of a tree."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def _changed(chance: random.Random, tree: Any, path: tuple) -> Any:
    """The tree with one value changed, removed or added; as it is where an earlier change took the place away."""
    if not path:
        return _value(chance)
    try:
        around = tree
        for part in path[:-1]:
            around = around[part]
        old = around[path[-1]]
    except (KeyError, IndexError, TypeError):
        return tree
    if not isinstance(around, dict | list):
        return tree
    match chance.choice(["change", "change", "remove", "add", "type"]):
        case "remove":
            del around[path[-1]]
        case "add" if isinstance(around, dict):
            around[chance.choice(WORDS)] = _value(chance)
        case "type":
            around[path[-1]] = [old]
        case _:
            around[path[-1]] = _value(chance)
    return tree


def _value(chance: random.Random, deepest: int = 2) -> Any:
    """Anything that JSON can say, and some that it can't."""
    match chance.randrange(7 if deepest else 5):
        case 0:
            return chance.choice([None, True, False])
        case 1 | 2:
            return chance.choice(WORDS)
        case 3:
            return chance.choice(NUMBERS)
        case 4:
            return {"nonfinite": chance.choice(["nan", "-inf", "x"])}
        case 5:
            return [_value(chance, deepest - 1) for _ in range(chance.randrange(4))]
        case _:
            return {chance.choice(WORDS): _value(chance, deepest - 1) for _ in range(chance.randrange(4))}


def _bytes_changed(chance: random.Random, content: bytes) -> bytes:
    """Bits turned, bytes cut out or put in, the end missing."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(1, len(data)))
        match chance.choice(["flip", "flip", "cut", "end", "insert", "again"]):
            case "flip" if data:
                data[at] ^= chance.randint(1, 255)
            case "cut":
                del data[at : at + chance.randint(1, 64)]
            case "end":
                del data[at:]
            case "insert":
                data[at:at] = chance.choice([*INSERTED, chance.randbytes(chance.randrange(16))])
            case _:
                data[at:at] = data[: chance.randrange(65)]
    return bytes(data)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False

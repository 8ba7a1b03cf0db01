"""JSON files that anybody may have written: a colleague, an older version, a stranger, a dying disk.

One way to read them. Whatever lies there, the document of the shape that was asked for comes back, or a DocumentError
whose sentence names the file and what is wrong with it: in bounded time and memory, and without following a link.
"""

import errno
import json
import math
import os
import stat
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO, NoReturn

from lmcspec.base.errors import LmcspecError
from lmcspec.base.visible import one_line

LARGEST = 16 * 2**20
"""Bytes of a document, unless its reader says otherwise."""
LONGEST_LINE = 2**20
"""Bytes of a line of a JSON-lines file."""
LONGEST_SKIPPED = 64 * LONGEST_LINE
"""Bytes of a line that is too long, after which its end is no longer looked for."""
DEEPEST = 64
"""Objects and lists inside each other; ours nest a dozen deep."""
DIGITS = 19
"""Of an integer: what 64 bits hold. Digests and seeds are strings."""


class DocumentError(LmcspecError, ValueError):
    """A file that holds no document of its kind. Its sentence names the file and what is wrong with it."""

    exit_code = 4

    def __init__(self, name: str | os.PathLike[str], problem: str, *, refused: bool = False, help: str = "") -> None:
        super().__init__(f"{one_line(_shortened(os.fspath(name)))} {problem}", help=help)
        self.problem = problem
        """The sentence without the file's name."""
        self.refused = refused
        """Whether the system wouldn't hand it out, so that what it holds isn't known."""


def open_regular(path: str | os.PathLike[str], *, follow: bool = False) -> BinaryIO:
    """Open an ordinary file for reading: never a folder, pipe or device, nor (unless `follow`) a link.

    FileNotFoundError where there is none; DocumentError for anything else. Never waits for a pipe's other end.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except NotADirectoryError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path)) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DocumentError(path, "is a link, and no file of its own") from error
        raise DocumentError(path, f"can't be read: {error.strerror or error}", refused=True) from error
    except ValueError as error:  # a NUL byte in the name
        raise DocumentError(path, f"can't be read: {error}") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise DocumentError(path, f"is {'a folder' if stat.S_ISDIR(mode) else 'a pipe or a device'}, not a file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: str | os.PathLike[str], *, largest: int = LARGEST, follow: bool = False) -> bytes:
    """All of an ordinary file of at most `largest` bytes. Raises as `open_regular` does."""
    with open_regular(path, follow=follow) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            data = file.read(largest + 1) if size <= largest else b""
        except OSError as error:
            raise DocumentError(path, f"can't be read: {error.strerror or error}", refused=True) from error
    if max(size, len(data)) > largest:
        raise DocumentError(path, f"has {max(size, len(data)):,} bytes, more than {largest:,}")
    return data


def read_document(
    path: str | os.PathLike[str], model: Any = None, *, largest: int = LARGEST, follow: bool = False
) -> Any:
    """The document in a JSON file, checked against a model (a TypedDict, `dict[str, float]`, …) if one is given.

    FileNotFoundError where there is none; DocumentError for all that isn't such a document.
    """
    return parse_document(read_bytes(path, largest=largest, follow=follow), path, model)


def parse_document(data: bytes | str, name: str | os.PathLike[str], model: Any = None) -> Any:
    """The document in some bytes; `name` is what errors call it. The model is checked strictly: no 1 for "1"."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        document = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise DocumentError(name, f"is not JSON: byte {error.start:,} is not UTF-8") from error
    except RecursionError as error:
        raise DocumentError(name, f"nests more than {DEEPEST} deep") from error
    except json.JSONDecodeError as error:
        raise DocumentError(name, f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from error
    except ValueError as error:
        raise DocumentError(name, f"is not a document: {error}") from error
    if _deeper_than(document, DEEPEST):
        raise DocumentError(name, f"nests more than {DEEPEST} deep")
    if "\\u" in text and _has_half_pairs(document):
        raise DocumentError(name, "holds half of a surrogate pair, which is no text")
    if model is not None:
        check(document, model, name)
    return document


def lines_of(
    file: BinaryIO,
    path: str | os.PathLike[str],
    begin: int = 0,
    model: Any = None,
    *,
    damaged: Callable[[DocumentError], None] | None = None,
) -> Iterator[tuple[int, Any]]:
    """(offset of the byte after it, document) of every whole line of a JSON-lines file, from byte `begin` on.

    A last line without its end is being written, or was cut off, and is left for later. A line that is no document of
    the model is left out; `damaged` is told of it.
    """
    file.seek(begin)
    while line := _read_line(path, file, LONGEST_LINE + 1):
        began, begin = begin, begin + len(line)
        too_long = len(line) > LONGEST_LINE
        while too_long and not line.endswith(b"\n") and (rest := _read_line(path, file, LONGEST_LINE)):
            line, begin = rest, begin + len(rest)
            if begin - began > LONGEST_SKIPPED:
                raise DocumentError(path, f"has a line of more than {LONGEST_SKIPPED:,} bytes")
        if not line.endswith(b"\n"):
            return
        try:
            if too_long:
                raise DocumentError(path, f"has a line of more than {LONGEST_LINE:,} bytes")
            document = parse_document(line, path, model)
        except DocumentError as error:
            if damaged is not None:
                damaged(error)
            continue
        yield begin, document


def _read_line(path: str | os.PathLike[str], file: BinaryIO, longest: int) -> bytes:
    try:
        return file.readline(longest)
    except OSError as error:
        raise DocumentError(path, f"can't be read: {error.strerror or error}", refused=True) from error


def check(document: Any, model: Any, name: str | os.PathLike[str]) -> None:
    """DocumentError where a document isn't of the model's shape, naming the first place; keys beyond it are fine."""
    from pydantic import ValidationError

    try:
        _adapter(model).validate_python(document, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(one_line(_shortened(str(part), 40)) for part in first["loc"])
        words = first["msg"][:1].lower() + first["msg"][1:]
        more = f" (and {error.error_count() - 1:,} more)" if error.error_count() > 1 else ""
        raise DocumentError(
            name, f"has another form: {f'`{place}`: ' if place else ''}{one_line(words)}{more}"
        ) from None


@cache
def _adapter(model: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(model)


def _object(pairs: list[tuple[str, Any]]) -> Any:
    """A JSON object; {"nonfinite": …} is the infinite or undefined number that JSON itself can't spell."""
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {_shortened(twice, 40)!r} stands twice in one object")
    if len(pairs) == 1 and pairs[0][0] == "nonfinite" and pairs[0][1] in ("nan", "inf", "-inf"):
        return float(pairs[0][1])
    return table


def _integer(digits: str) -> int:
    if len(digits) > DIGITS + digits.startswith("-"):
        raise ValueError(f"an integer of {len(digits):,} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {_shortened(digits, 40)}, which is too large")
    return value


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word}, which is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _deeper_than(document: Any, deepest: int) -> bool:
    level = [document]
    for _ in range(deepest + 1):
        level = [
            child
            for value in level
            if type(value) is dict or type(value) is list
            for child in (value.values() if type(value) is dict else value)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _has_half_pairs(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _shortened(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-longest // 2 :]}"

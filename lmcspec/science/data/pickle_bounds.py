"""What a pickle from anybody may take of memory, stack and time: settled from its instructions, before it is read.

Python's reader does what a pickle says. One byte makes a set of 216; a far place of the memo takes memory for all those
before it; a key of tuples inside each other is hashed by calls of C inside each other, until the stack ends; and keys
with the same hash are compared with each other. So the instructions are walked first, and nothing is made of them.
"""

import pickletools
from collections.abc import Callable
from io import BytesIO
from typing import Any

INSTRUCTIONS = 500_000
"""Instructions of a pickle; CIFAR-100's largest file has some 200,000."""
EACH = 256
"""Bytes that an instruction leaves at most, beside those of its argument."""
KEY = 1000
"""Parts of a key of a table or a member of a set: tuples inside it count as often as they stand there."""
KEYS = 10_000
"""Parts of all keys and members together."""
LONGEST = 300
"""Characters of what is told of an error."""


class Refused(ValueError):
    """A pickle that asks for more than it may. The sentence goes on after "can't be read:"."""


class Call:
    """A function as a pickle sees it, to be called and nothing else: of a plain one, it could set attributes."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        """Call the function with what the pickle says."""
        return self._function(*arguments)

    def __setstate__(self, _: Any) -> None:
        """Refused: a state would be set past whatever the function checks."""
        raise Refused("it changes what isn't its own")


def next_pickle(file: BytesIO) -> bytes:
    """The bytes of the pickle that begins here, for `pickle.Unpickler`; the file is left after it.

    Raises Refused, or ValueError for what is no pickle. Of n bytes, one that comes back makes objects of EACH *
    INSTRUCTIONS + 4 n bytes at most (a character of one byte may become one of four), beside what is called by it;
    hashing takes KEY calls inside each other at most, and all keys are hashed and compared in seconds.
    """
    begin, walk = file.tell(), _Walk()
    for number, (instruction, argument, _) in enumerate(pickletools.genops(file), 1):
        if number > INSTRUCTIONS:
            raise Refused(f"it has more than {INSTRUCTIONS:,} instructions")
        walk.step(instruction.name, argument, number)
    return file.getvalue()[begin : file.tell()]


def short_message(error: BaseException) -> str:
    """The beginning of what an exception says: of a foreign file it may quote megabytes, or be unable to."""
    try:
        text = str(error).partition("\n")[0]
    except ValueError:  # an integer of more digits than Python spells
        text = ""
    text = text or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class _Walk:
    """The stack and the memo as an unpickler has them, with a weight in each place.

    A weight is the number of parts that are looked at when the object is hashed: those of a tuple with all their own,
    as often as they stand in it; 64 bits of an integer. Beyond KEY it is not counted on.
    """

    def __init__(self) -> None:
        self.stack: list[int] = []
        self.marks: list[int] = []
        self.memo: dict[int, int] = {}
        self.keys = 0

    def step(self, name: str, argument: Any, number: int) -> None:
        """Follow an instruction on the stack and the memo; `number` counts instructions from 1."""
        if name in _PUTS:
            place = len(self.memo) if argument is None else argument
            if not 0 <= place <= number:  # each instruction fills one at most
                raise Refused("its memo has places that it doesn't fill")
            self.memo[place] = self._top()
        elif name in _GETS:
            if argument not in self.memo:
                raise Refused("its memo lacks a place that it asks for")
            self.stack.append(self.memo[argument])
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name == "POP" and self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        elif name == "DUP":
            self.stack.append(self._top())
        else:
            self._other(name, argument)

    def _other(self, name: str, argument: Any) -> None:
        below, to_mark, gives = _EFFECTS[name]
        parts = self._taken(below, to_mark)
        if name in _HASHED:
            for key in parts[_HASHED[name]]:
                if key > KEY:
                    raise Refused(f"it has a key of more than {KEY:,} parts")
                self.keys += key
            if self.keys > KEYS:
                raise Refused(f"its keys have more than {KEYS:,} parts")
        if not gives:
            return
        weight = 1 + sum(parts) if name in _WHOLE else 1
        weight += argument.bit_length() // 64 if type(argument) is int else 0
        self.stack.append(min(weight, KEY + 1))

    def _taken(self, below: int, to_mark: bool) -> list[int]:
        """The weights that an instruction takes: `below` a mark and all after it, or just so many."""
        if to_mark and not self.marks:
            raise Refused("it goes back to a mark that it lacks")
        begin = (self.marks.pop() if to_mark else len(self.stack)) - below
        if begin < (self.marks[-1] if self.marks else 0):
            raise Refused("it takes more than there is")
        parts = self.stack[begin:]
        del self.stack[begin:]
        return parts

    def _top(self) -> int:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refused("it takes more than there is")
        return self.stack[-1]


_PUTS = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_GETS = {"GET", "BINGET", "LONG_BINGET"}
_HASHED = {
    "SETITEM": slice(1, 2),
    "SETITEMS": slice(1, None, 2),
    "DICT": slice(0, None, 2),
    "ADDITEMS": slice(1, None),
    "FROZENSET": slice(None),
}
"""Instructions that hash, and which of what they take."""
_WHOLE = {
    *("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"),
    *("REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"),
}
"""Instructions whose result can be hashed and may hold what they take, or be it."""


def _effect(instruction: pickletools.OpcodeInfo) -> tuple[int, bool, bool]:
    """How much is taken from below a mark (or without one), whether all from a mark on, and whether something comes."""
    before = instruction.stack_before
    to_mark = pickletools.markobject in before
    return before.index(pickletools.markobject) if to_mark else len(before), to_mark, bool(instruction.stack_after)


_EFFECTS = {instruction.name: _effect(instruction) for instruction in pickletools.opcodes}

"""Kinds of task: parameters, inputs, outputs, version, cost, and a thin `run` that calls science."""

from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import KINDS, OUTCOMES, Finished, Interrupted, Kind, kind
from lmcspec.tasks.params import Part, decode, encode, parts_of
from lmcspec.tasks.task import IDENTITY, Task, document, make, own_id

__all__ = [
    "IDENTITY",
    "KINDS",
    "OUTCOMES",
    "Context",
    "Finished",
    "Interrupted",
    "Kind",
    "Part",
    "Task",
    "decode",
    "document",
    "encode",
    "kind",
    "make",
    "own_id",
    "parts_of",
]

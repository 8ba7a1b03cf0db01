"""Kinds of task: parameters, inputs, outputs, version, cost, and a thin `run` that calls science."""

from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import OUTCOMES, Finished, Interrupted, Kind, UnfitInput, kind, kinds
from lmcspec.tasks.params import Part, decode, encode, parts_of
from lmcspec.tasks.task import IDENTITY, Task, document, make, own_id
from lmcspec.tasks.work import NO_DATA, Known, Work

__all__ = [
    "IDENTITY",
    "NO_DATA",
    "OUTCOMES",
    "Context",
    "Finished",
    "Interrupted",
    "Kind",
    "Known",
    "Part",
    "Task",
    "UnfitInput",
    "Work",
    "decode",
    "document",
    "encode",
    "kind",
    "kinds",
    "make",
    "own_id",
    "parts_of",
]

"""Kinds of task: parameters, inputs, outputs, version, cost, and a thin `run` that calls science."""

from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import KINDS, OUTCOMES, Finished, Interrupted, Kind, kind
from lmcspec.tasks.params import Part, decode, encode, parts_of
from lmcspec.tasks.task import Task, document, make

__all__ = [
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
    "parts_of",
]

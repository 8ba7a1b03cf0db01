"""The shape of each document in a store, held against what is read: others write stores, and disks fail.

A document may hold more than its shape says: a later version's keys, and what its reader doesn't look at.
"""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lmcspec.store.scalars import Count, Scalars

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Time = Annotated[float, Field(ge=0, lt=1e11)]
"""Seconds since 1970, not in milliseconds."""


class Header(TypedDict):
    """The document `store.json`, which makes a folder a store."""

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z]+$")]
    version: Annotated[int, Field(ge=0)]


class Measured(TypedDict):
    """A file as COMMIT lists it."""

    sha256: str
    bytes: Count


class Result(TypedDict):
    """The part of a COMMIT that is equal wherever the same work was done."""

    files: dict[str, Measured]
    scalars: Scalars
    outcome: str
    digest: str


class Record(TypedDict):
    """The part of a COMMIT that says when, where and how long this copy was computed."""

    kind: NotRequired[str]
    label: NotRequired[str]
    study: NotRequired[str]
    """In whose run it was made."""
    attempt: NotRequired[str]
    committed: NotRequired[Time]
    seconds: NotRequired[Seconds | None]
    units: NotRequired[Seconds | None]
    model: NotRequired[str]
    files: NotRequired[dict[str, Measured]]
    numerics: NotRequired[dict[str, Any]]
    machine: NotRequired[dict[str, Any]]


class Commit(TypedDict):
    """The document COMMIT, which makes a folder an object."""

    version: Annotated[int, Field(ge=0)]
    task: str
    result: Result
    record: Record


class Recipe(TypedDict):
    """The document `task.json`, of which an id is the hash."""

    kind: str
    version: NotRequired[int]
    code: NotRequired[str]
    params: NotRequired[dict[str, Any]]
    inputs: NotRequired[dict[str, str]]
    seeds: NotRequired[dict[str, Any]]
    parts: NotRequired[dict[str, Any]]


class Failed(TypedDict):
    """The document `failure.json` of an attempt that failed."""

    reason: NotRequired[str]
    message: NotRequired[str]
    type: NotRequired[str]
    help: NotRequired[str]
    log: NotRequired[str]
    last_lines: NotRequired[list[str]]
    at: NotRequired[float]
    """Nanoseconds since 1970."""


class Owner(TypedDict):
    """A process, in a lease or beside an attempt."""

    host: str
    boot: str
    space: str
    pid: Annotated[int, Field(gt=0, lt=2**31)]
    started: str
    under: NotRequired[str]
    """Beside an attempt: the task under whose lease it was begun."""


class Held(Owner):
    """The document of a lease."""

    attempt: str
    beat: Count


class Invocation(TypedDict):
    """The document `invocation.json`, the header of one run of the driver."""

    study: str
    started: Time
    process: Owner
    origin: NotRequired[dict[str, Any]]


class Event(TypedDict):
    """A line of an invocation's journal."""

    event: str
    at: Time


class Metric(TypedDict):
    """A line of metrics.jsonl."""

    name: str
    value: float
    step: Count
    at: Time

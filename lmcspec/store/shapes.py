"""The shape of each document in a store, held against what is read: others write stores, and disks fail.

A document may hold more than its shape says: a later version's keys, and what its reader doesn't look at.
"""

from typing import Annotated, Any, NotRequired

from pydantic import Discriminator, Field, Tag
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


class Origin(TypedDict, total=False):
    """Where an invocation comes from, as far as that is known."""

    command: str
    user: str
    commit: str
    dirty: bool
    spec: str


class Invocation(TypedDict):
    """The document `invocation.json`, the header of one run of the driver."""

    study: str
    started: Time
    process: Owner
    origin: NotRequired[Origin]


class Event(TypedDict):
    """A line of an invocation's journal."""

    event: str
    at: Time


class OfTask(Event):
    """One about a task; of those that are interrupted there is no more."""

    task: str


class Started(OfTask):
    """A task was handed to a worker."""

    attempt: Count


class Finished(OfTask):
    """A task's result is in the store."""

    reused: bool


class Retried(OfTask):
    """A task failed and is tried again."""

    reason: str
    message: str


class FailedForGood(Retried):
    """A task failed for the last time."""

    log: str


class RunEnded(Event):
    """The run is over: counts of tasks."""

    done: Count
    failed: Count
    skipped: Count
    interrupted: Count
    reused: Count


class OtherEvent(Event):
    """One of which nothing more is read, or that a later version writes."""

    task: NotRequired[str]


def _which(line: Any) -> str:
    name = line.get("event") if isinstance(line, dict) else None
    return name if isinstance(name, str) and name in _READ else ""


_READ = ("started", "finished", "retried", "failed", "interrupted", "run ended")

JournalLine = Annotated[
    Annotated[Started, Tag("started")]
    | Annotated[Finished, Tag("finished")]
    | Annotated[Retried, Tag("retried")]
    | Annotated[FailedForGood, Tag("failed")]
    | Annotated[OfTask, Tag("interrupted")]
    | Annotated[RunEnded, Tag("run ended")]
    | Annotated[OtherEvent, Tag("")],
    Discriminator(_which),
]
"""A line of a journal, by its event."""


class Metric(TypedDict):
    """A line of metrics.jsonl."""

    name: str
    value: float
    step: Count
    at: Time

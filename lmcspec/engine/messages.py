"""What a worker on another machine says, as bytes and back. Of what comes nothing is believed but its shape.

A message is a JSON document {"attempt", "events"} or {"trouble"}. Decoding it makes runner events of bounded size, or
raises DocumentError; it runs nothing of what it reads, and takes no by-product that was not asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lmcspec.base import documents
from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.visible import one_line
from lmcspec.engine.failures import LAST_LINES, Failure, FailureClass
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Ended, Lost, Passed, Progressed, Ready, Replaced, Reported, RunnerEvent
from lmcspec.store import layout
from lmcspec.store.scalars import Count, Scalars
from lmcspec.store.shapes import Seconds

NAME = "what a worker said"
MOST_EVENTS = 10_000
Words = Annotated[str, Field(max_length=100_000)]
Line = Annotated[str, Field(max_length=10_000)]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Failed(TypedDict):
    """Of a report: a `Failure`."""

    reason: FailureClass
    message: Words
    type: Line
    help: Words
    log: Line
    last_lines: Annotated[list[Words], Field(max_length=4 * LAST_LINES)]


class Told(TypedDict):
    """A `Report`."""

    status: Literal["done", "reused", "busy", "failed", "interrupted", "apart"]
    seconds: Seconds
    outcome: Line
    scalars: Scalars
    byproducts: Annotated[list[Id], Field(max_length=MOST_EVENTS)]
    failure: Failed | None
    holder: Line
    note: Words


class HasReady(TypedDict):
    """A `Ready`."""

    event: Literal["ready"]


class HasProgressed(TypedDict):
    """A `Progressed`."""

    event: Literal["progressed"]
    done: Count
    total: Count
    note: Line


class HasPassed(TypedDict):
    """A `Passed`."""

    event: Literal["passed"]
    byproduct: Id


class HasReported(TypedDict):
    """A `Reported`."""

    event: Literal["reported"]
    report: Told


class HasEnded(TypedDict):
    """An `Ended`."""

    event: Literal["ended"]
    task: Id
    report: Told


class HasLost(TypedDict):
    """A `Lost`."""

    event: Literal["lost"]
    task: bool
    why: Words
    attempt: Line
    last_lines: Annotated[list[Words], Field(max_length=4 * LAST_LINES)]


class HasReplaced(TypedDict):
    """A `Replaced`."""

    event: Literal["replaced"]
    why: Words


Happened = Annotated[
    HasReady | HasProgressed | HasPassed | HasReported | HasEnded | HasLost | HasReplaced, Field(discriminator="event")
]
"""An event of a runner, by its name."""


class Trouble(TypedDict):
    """Why there can be no worker."""

    message: Words
    help: Words


class Message(TypedDict):
    """All that a worker says at a time."""

    attempt: NotRequired[Line]
    events: NotRequired[Annotated[list[Happened], Field(max_length=MOST_EVENTS)]]
    trouble: NotRequired[Trouble]


class Heard(NamedTuple):
    """A message, decoded."""

    attempt: str
    """The folder of the attempt that the worker is at, as far as it said."""
    events: tuple[RunnerEvent, ...]
    trouble: Trouble | None


def encode(events: Sequence[RunnerEvent], attempt: str = "") -> bytes:
    """Events of a worker as a message; whose slot it is, its reader knows."""
    return layout.text({"attempt": attempt, "events": [_document(event) for event in events]})


def encode_trouble(message: str, help: str) -> bytes:
    """The message that there can be no worker, and why."""
    return layout.text({"trouble": {"message": message[:10_000], "help": help[:10_000]}})


def decode(data: Any, slot: int, byproducts: Collection[str] = (), together: Collection[str] = ()) -> Heard:
    """What a worker says of this slot, where it was asked to pass these by-products, and to do these tasks besides.

    Raises DocumentError.
    """
    if not isinstance(data, bytes):
        raise DocumentError(NAME, f"is a {type(data).__name__[:40]}, not bytes")
    if len(data) > documents.LARGEST:
        raise DocumentError(NAME, f"has {len(data):,} bytes, more than {documents.LARGEST:,}")
    message = parse_document(data, NAME, Message)
    events = tuple(_event(happened, slot, byproducts, together) for happened in message.get("events", ()))
    return Heard(message.get("attempt", ""), events, message.get("trouble"))


def _document(event: RunnerEvent) -> dict[str, Any]:
    name = type(event).__name__.lower()
    rest = {key: value for key, value in asdict(event).items() if key != "slot"}
    if isinstance(event, Reported | Ended):
        rest = {**rest, "report": event.report.document()}
    return {"event": name, **rest}


def _event(happened: Happened, slot: int, byproducts: Collection[str], together: Collection[str]) -> RunnerEvent:
    if happened["event"] == "ready":
        # Of another machine's processes none is ours to kill.
        return Ready(slot, 0)
    if happened["event"] == "progressed":
        return Progressed(slot, happened["done"], happened["total"], one_line(happened["note"]))
    if happened["event"] == "passed":
        return Passed(slot, _asked(happened["byproduct"], byproducts))
    if happened["event"] == "reported":
        return Reported(slot, _report(happened["report"], byproducts))
    if happened["event"] == "ended":
        return Ended(slot, _asked(happened["task"], together), _report(happened["report"], byproducts))
    if happened["event"] == "replaced":
        return Replaced(slot, one_line(happened["why"]))
    lines = tuple(happened["last_lines"])
    return Lost(slot, happened["task"], one_line(happened["why"]), happened["attempt"], lines)


def _report(told: Told, byproducts: Collection[str]) -> Report:
    failure = told["failure"]
    if (told["status"] == "failed") != (failure is not None) and told["status"] != "interrupted":
        raise DocumentError(NAME, f"is {told['status']} {'with' if failure else 'without'} a failure")
    passed = tuple(_asked(identifier, byproducts) for identifier in told["byproducts"])
    known = {key: failure[key] for key in Failed.__annotations__} if failure else None
    failed = Failure.read(known) if known else None
    return Report(
        told["status"],
        told["seconds"],
        told["outcome"],
        dict(told["scalars"]),
        passed,
        failed,
        told["holder"],
        told["note"],
    )


def _asked(identifier: str, byproducts: Collection[str]) -> str:
    if identifier not in byproducts:
        raise DocumentError(NAME, f"names {identifier[:10]}, which it was not asked for")
    return identifier

"""What happens during a run, in order, as the driver tells it to whoever listens. `at` is the time of day."""

from dataclasses import dataclass
from typing import Any

from lmcspec.engine.devices import Device
from lmcspec.engine.planned import PlannedTask


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run begins."""

    at: float
    tasks: tuple[PlannedTask, ...]
    devices: tuple[Device, ...]
    """That of each slot."""
    max_parallel: int | None = None
    """Tasks at a time, at most."""

    @property
    def slots(self) -> int:
        """How many there are."""
        return len(self.devices)


@dataclass(frozen=True, slots=True)
class Started:
    """A task was handed to a worker."""

    at: float
    task: PlannedTask
    slot: int
    attempt: int
    """1 the first time, 2 after one retry, and so on."""


@dataclass(frozen=True, slots=True)
class WentBack:
    """A task that was handed over along with another one is to run by itself, later."""

    at: float
    task: PlannedTask


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running task is, at most a few times a second. `note` is its latest loss or the like."""

    at: float
    task: PlannedTask
    slot: int
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A task's result is in the store: made now, or `reused` because another driver's worker was faster."""

    at: float
    task: PlannedTask
    slot: int | None
    seconds: float
    outcome: str
    reused: bool
    scalars: dict[str, Any]
    byproducts: tuple[str, ...] = ()
    """Committed in passing by this very run of the task."""
    note: str = ""
    """Something odd about it, such as a different result of another worker."""


@dataclass(frozen=True, slots=True)
class Retried:
    """A task failed in a way that may pass, and will run again."""

    at: float
    task: PlannedTask
    reason: str
    message: str
    attempt: int
    """How many attempts there have been."""
    delay: float
    """Seconds until the next."""
    alone: bool
    """Whether the next one has its device to itself."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A task failed for good."""

    at: float
    task: PlannedTask
    reason: str
    """The class of the failure, see `failures.FailureClass`."""
    message: str
    log: str
    """The log file; empty if the worker came to no attempt."""
    last_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task is not run, because of something it needs."""

    at: float
    task: PlannedTask
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another driver's worker is doing this task; it is looked at again later."""

    at: float
    task: PlannedTask
    holder: str


@dataclass(frozen=True, slots=True)
class Silent:
    """A running task has said nothing for long. After `limit` seconds its worker is ended."""

    at: float
    task: PlannedTask
    seconds: float
    limit: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A running task stopped on request; its checkpoint, if it keeps any, is in the store."""

    at: float
    task: PlannedTask


@dataclass(frozen=True, slots=True)
class WorkerReplaced:
    """A worker ended or was ended, and another takes its slot."""

    at: float
    slot: int
    why: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """The user asked to stop (`times` = 1: at the next checkpoint; 2: at once)."""

    at: float
    times: int


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over. Counts of tasks."""

    at: float
    done: int
    failed: int
    skipped: int
    interrupted: int
    reused: int
    seconds: float


Event = (
    RunStarted
    | Started
    | WentBack
    | Progress
    | Finished
    | Retried
    | Failed
    | Skipped
    | Waiting
    | Silent
    | Interrupted
    | WorkerReplaced
    | Stopping
    | RunEnded
)

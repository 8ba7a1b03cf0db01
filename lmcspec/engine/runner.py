"""What the engine asks of a runner, which only places tasks: on workers here, elsewhere, or in this process."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from lmcspec.base.errors import UsageError
from lmcspec.catalog import get
from lmcspec.engine.devices import CPU, Device
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.report import Report
from lmcspec.store import Store


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one task at a time. Slots of the same device share it."""

    device: Device = CPU

    @property
    def visible(self) -> str:
        """What CUDA_VISIBLE_DEVICES is set to: a GPU's UUID, or nothing for the CPU."""
        return self.device.visible


@dataclass(frozen=True, slots=True)
class Ready:
    """The slot's worker can take a task."""

    slot: int
    pid: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """The slot's task has come so far."""

    slot: int
    done: int
    total: int
    note: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The slot's task committed this by-product."""

    slot: int
    byproduct: str


@dataclass(frozen=True, slots=True)
class Reported:
    """The slot's task has ended. A worker that can go on says `Ready` anew."""

    slot: int
    report: Report


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that was handed over along with the slot's has ended, or goes back: that report's status is `apart`."""

    slot: int
    task: str
    report: Report


@dataclass(frozen=True, slots=True)
class Lost:
    """The slot's worker is gone: with its task, or (`task` False) between two. Another one is on its way."""

    slot: int
    task: bool
    why: str
    attempt: str
    """The folder of the attempt that it was at, as far as it said."""
    last_lines: tuple[str, ...] = ()
    """Of its log, where only the worker's own machine can read that."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The slot's worker was ended between two tasks, and another one is on its way."""

    slot: int
    why: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The slot's task has come back as it was: the worker was gone before it had it."""

    slot: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The slot, between two workers, is part of this device from now on."""

    slot: int
    device: Device


@dataclass(frozen=True, slots=True)
class Closed:
    """The slot, which has no worker, opens no more in this run."""

    slot: int
    why: str
    help: str
    """What can be done, should there be tasks that no other slot takes."""


RunnerEvent = Ready | Progressed | Passed | Reported | Ended | Lost | Replaced | Returned | Moved | Closed


class Runner(Protocol):
    """`start` first, `close` last. A slot is free from `Ready` until `submit`.

    `stop` and `kill` are called from signal handlers: they note the wish, and `poll` fulfils it.
    """

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots, known from the beginning."""
        ...

    def start(self) -> None:
        """Begin to start workers; returns at once. Does nothing the second time."""
        ...

    def submit(self, store: Store, task: str, payload: dict[str, Any], slot: int) -> int:
        """Hand a task to a free slot, and those in `payload["together"]` along with it.

        Returns the pid of the process that does it, 0 if it runs on another host.
        """
        ...

    def poll(self, timeout: float) -> list[RunnerEvent]:
        """What has happened since, in order; waits for something to happen, up to `timeout` seconds."""
        ...

    def end(self, slot: int) -> None:
        """End the worker of a slot at once, where it is a process of its own: `Lost` follows."""
        ...

    def stop(self) -> None:
        """Ask all running tasks to save a checkpoint and stop."""
        ...

    def kill(self) -> None:
        """End all running tasks at once."""
        ...

    def close(self) -> None:
        """End all workers. May be called twice."""
        ...


@runtime_checkable
class Particular(Protocol):
    """A runner that can't do every task."""

    def refuse(self, tasks: Iterable[PlannedTask]) -> None:
        """BlockedError, with their names, where there are tasks that it can't do; called before `start`."""
        ...


@runtime_checkable
class Joining(Protocol):
    """A runner whose workers may be handed several tasks, to run as one program."""

    joins: bool


@runtime_checkable
class Carrying(Protocol):
    """A runner that has what tasks need and make carried to their workers and back."""

    def carries(self, slot: int) -> bool:
        """Whether that is on its way for the slot's task, of which its worker can say nothing meanwhile."""
        ...


def make_runner(name: str, workers: int | None = None, devices: str = "", **settings: Any) -> Runner:
    """The runner of that name, with so many workers (None: as many as it takes by itself) where it has any.

    `devices` are those of `--devices`, `settings` others of its card's, None where nothing is said of one. UsageError
    for what the runner doesn't have.
    """
    card = get("runner", name)
    known = card.config.model_fields
    given: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
    if devices:
        given["devices"] = devices
    if strange := [key for key in given if key not in known]:
        option = f"--{strange[0].replace('_', '-')}"
        other = "local" if strange[0] == "devices" else "ray"
        raise UsageError(f"the runner {name} takes no {option}", help=f"--runner {other} does")
    if workers is not None and workers < 1:
        raise UsageError(f"{workers} workers do nothing", help="leave workers out, or say 1 or more")
    if "workers" in known:
        given["workers"] = workers
    return card.load()(card.config.model_validate(given))


def name_driver() -> None:
    """Tell workers, through the environment that they get, and fault points who the driver is."""
    os.environ["LMCSPEC_DRIVER_PID"] = str(os.getpid())

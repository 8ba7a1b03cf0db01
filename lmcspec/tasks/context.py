"""What a running task sees of the world: its inputs, its output folder, and where to report."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Context(Protocol):
    """Handed to `run`; a task never sees the store."""

    task: str
    """The id of the task."""
    out: Path
    """Files written here are the task's result."""
    partial: Path
    """A folder that survives attempts, for checkpoints; gone after the commit."""
    device: str
    """`cpu` or `cuda`."""
    neutral: dict[str, Any]
    """What may change how the work is done but not its result: where the data lie, batch sizes of evaluation."""
    numerics: Mapping[str, Any]
    """On what it computes: all that may change the last bits of its result, as its record will say."""
    ahead: float
    """Images forward, a training image counted three times, that the run has ahead of it on each slot for this task's
    model, this task included; 0 where that is not known."""
    room: int | None
    """Bytes of its GPU's memory that it may fill; None where that is not known, and on a CPU."""
    memory: dict[Any, Any]
    """Kept between the tasks of one worker, so that a data set is loaded once."""

    def input(self, name: str) -> Path:
        """The output folder of the committed task that is this input."""
        ...

    def result(self, name: str) -> dict[str, Any]:
        """The committed values of the task that is this input."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is this input."""
        ...

    def metric(self, name: str, value: float, step: int) -> None:
        """Append a measured value to the task's metrics, with the time of now."""
        ...

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is. Cheap; call it often."""
        ...

    def stopping(self) -> bool:
        """Whether to save a checkpoint and raise Interrupted."""
        ...

    def remember(self, key: str, document: dict[str, Any]) -> None:
        """Leave a fact for later plans under the digest of what it is about; nothing depends on its being there."""
        ...

    def recall(self, key: str) -> dict[str, Any] | None:
        """What was left under a digest, by whom ever; None where there is nothing."""
        ...

    def computes(self, **how: Any) -> None:
        """Say what else may change the last bits of the result: it enters the numerics of its record."""
        ...

    def log(self, line: str) -> None:
        """Write a line in the task's log."""
        ...

    def byproducts(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """(id, params) of other tasks whose results this one passes on its way and should commit."""
        ...

    def byproduct(self, task_id: str) -> AbstractContextManager["Context | None"]:
        """A context to write such a result in; None if it is committed already."""
        ...

    def commit_byproduct(self, context: "Context", finished: Any) -> None:
        """Commit what was written in that context."""
        ...

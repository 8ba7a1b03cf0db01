"""What tracking asks of those who know what results mean: it keeps what they make, and knows nothing of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from lmcspec.plan import Plan
from lmcspec.store import Stored

if TYPE_CHECKING:
    from lmcspec.report import Row
    from lmcspec.tasks import Task
    from lmcspec.track.memory import Memory

REPORT = "report.html"
"""The file of an invocation's run to which notes lead."""


class Reporter(Protocol):
    """Makes what a tracking server keeps; `lmcspec.report.tracked` is one."""

    def rows(self, plan: Plan, results: "Memory", /) -> Sequence["Row"]:
        """The rows of every target."""
        ...

    def of_invocation(
        self, plan: Plan, store: "Memory", runs: Mapping[str, str], spec: Mapping[str, Any], command: str, /
    ) -> Iterator[tuple[str, bytes]]:
        """(path, content) of the files that an invocation's run keeps when it is over."""
        ...

    def of_task(self, task: "Task", result: Stored, /) -> Iterator[tuple[str, bytes]]:
        """(path, content) of the files that the run of a finished task keeps."""
        ...

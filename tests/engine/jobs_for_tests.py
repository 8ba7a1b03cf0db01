"""Small jobs of the kinds in kinds_for_tests."""

from dataclasses import dataclass, field

from kinds_for_tests import Params

from lmcspec.engine import Job, PlannedTask
from lmcspec.tasks import make


@dataclass
class Plan:
    """Collects tasks; `job()` is what the engine gets."""

    on_collapse: str = "go-on"
    tasks: dict = field(default_factory=dict)
    documents: dict = field(default_factory=dict)
    byproducts: dict = field(default_factory=dict)

    def add(
        self, act="", value=0, *, path="", needs=(), passes=(), kind="ACT", seconds=None, label=None, extra=(), alike=""
    ):
        """Plan a task and return its id. `needs` are ids, `passes` ids from `passed`."""
        inputs = dict(zip("ab", needs, strict=False))
        task = make(f"kinds_for_tests:{kind}", Params(value, act, str(path)), inputs, {"n": len(self.tasks)})
        self.documents[task.id] = task.document
        self.byproducts[task.id] = [{"id": one, "task": self.documents[one]} for one in passes]
        self.tasks[task.id] = PlannedTask(
            task.id,
            "act",
            label or f"task {len(self.tasks)}",
            (*needs, *extra),
            seconds,
            tuple(passes),
            alike=alike,
        )
        return task.id

    def passed(self, value):
        """The id of a by-product, which is no task."""
        task = make("kinds_for_tests:WRITE", Params(value), {}, {})
        self.documents[task.id] = task.document
        return task.id

    def payload(self, identifier):
        return {
            "task": self.documents[identifier],
            "shared": {},
            "inputs": self.documents[identifier]["inputs"],
            "byproducts": self.byproducts[identifier],
            "neutral": {},
        }

    def job(self):
        return Job(dict(self.tasks), self.payload, self.on_collapse)

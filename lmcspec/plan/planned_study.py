"""From a file to a plan: a spec is read and compiled, a saved plan is read as it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.base.errors import UsageError
from lmcspec.base.file_names import possible, refuse_sources
from lmcspec.plan.compile import MAX_TASKS, compile_study
from lmcspec.plan.graph import Plan
from lmcspec.spec import Loaded, load

if TYPE_CHECKING:
    from lmcspec.store import Store


class PlannedStudy(NamedTuple):
    """A plan and what it was made of."""

    plan: Plan
    loaded: Loaded | None
    """The spec that it was compiled from; None for a saved plan, which holds none."""

    def output(self, spec: Path, output: Path) -> Path:
        """A file to write to, of the study in the file `spec`. UsageError if none can be called so, or it was read."""
        refuse_sources(possible(output), [spec] if self.loaded is None else self.loaded.files)
        return output

    @property
    def resolved(self) -> dict[str, Any] | None:
        """The cases of the spec by name, with all defaults, as plain data."""
        if self.loaded is None:
            return None
        return {case.name: case.study.model_dump(mode="json") for case in self.loaded.cases}


def is_saved(path: Path) -> bool:
    """Whether a file is a saved plan by its name, and no spec."""
    return path.suffix == ".json"


def read_study(path: Path, sets: Sequence[str], store: "Store | None", max_tasks: int = MAX_TASKS) -> PlannedStudy:
    """The study in a file: a spec with values overridden by `sets`, or a saved plan, in which nothing can be."""
    if not is_saved(path):
        return plan_study(load(path, sets), store, max_tasks)
    # Where no plan was saved, planning starts faster without the code that reads one.
    from lmcspec.plan.saved import read_saved

    if sets:
        raise UsageError("--set changes a spec, not a saved plan", help="make the plan again with --set")
    return PlannedStudy(read_saved(path), None)


def plan_study(loaded: Loaded, store: "Store | None", max_tasks: int = MAX_TASKS) -> PlannedStudy:
    """Compile a spec with the facts of models that the store (None: there is none) has kept."""
    facts = store.root / "facts" if store is not None else None
    return PlannedStudy(compile_study(loaded, max_tasks=max_tasks, facts_folder=facts), loaded)

"""lmcspec from Python: a spec, its plan, its results, with the same compiler, engine and store as the commands.

study = lmcspec.load("specs/quickstart.toml")
plan = study.plan()
results = plan.run()
results.frame()
"""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.base.batching import Batching
from lmcspec.base.errors import LmcspecError, UsageError
from lmcspec.base.printed import as_html, as_text
from lmcspec.plan import MAX_TASKS
from lmcspec.plan import Plan as Graph
from lmcspec.plan.outlook import Outlook, outlook
from lmcspec.plan.planned_study import PlannedStudy, plan_study
from lmcspec.report import Row, tidy
from lmcspec.spec import Loaded
from lmcspec.spec import load as read
from lmcspec.store import Store

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pandas
    from rich.console import RenderableType

    from lmcspec.engine.run import Listener

STORE = ".lmcspec"
ANY = sys.maxsize


class RunFailedError(LmcspecError):
    """Some tasks failed. What was done is in the store, and `results` has it."""

    def __init__(self, message: str, results: "Results", *, help: str = "") -> None:
        super().__init__(message, help=help)
        self.results = results


@dataclass(frozen=True, slots=True)
class Study:
    """A spec that was read and found valid."""

    loaded: Loaded
    command: str
    """What was typed to read it: `lmcspec.load('study.toml')`."""

    def __repr__(self) -> str:
        cases = len(self.loaded.cases)
        return f"<Study {self.name}{f': {cases} cases' if cases > 1 else ''}>"

    @property
    def name(self) -> str:
        """The name that the spec gives it."""
        return self.loaded.name

    @property
    def cases(self) -> dict[str, Any]:
        """The resolved study of each case of a sweep by name; without a sweep there is one, named ""."""
        return {case.name: case.study for case in self.loaded.cases}

    def plan(
        self, store: str | os.PathLike[str] = STORE, *, max_tasks: int = MAX_TASKS, trust_store: bool = False
    ) -> "Plan":
        """The plan of the study, held against a store that need not exist. Runs nothing and writes nothing.

        With `trust_store` nothing that is read from the store is compared with its digests, as with `--trust-store`.
        Raises SpecError with all that is wrong, by position.
        """
        path = Path(store)
        graph = plan_study(self.loaded, _opened(path, trust_store), max_tasks).plan
        return Plan(self, graph, path, trust_store)


@dataclass(frozen=True)
class Plan:
    """What would run, why, and what it costs."""

    study: Study
    graph: Graph
    store: Path
    trust_store: bool = False

    def __repr__(self) -> str:
        return f"<Plan {self.graph.study}: {len(self.graph.tasks):,} tasks, store {self.store}>"

    @property
    def _existing(self) -> Store | None:
        # Looked for anew each time: a run, of this plan or of another, may have made it meanwhile.
        return _opened(self.store, self.trust_store)

    @property
    def outlook(self) -> Outlook:
        """The plan against the store as it is now: what runs, the reasons, the costs."""
        return outlook(self.graph, self._existing)

    def run(  # noqa: PLR0913 (the options of the command)
        self,
        *,
        runner: str = "local",
        workers: int | None = None,
        devices: str = "",
        max_parallel: int | None = None,
        address: str | None = None,
        objects: str | None = None,
        node_store: str | None = None,
        allow_skew: bool = False,
        force: Sequence[str] = (),
        targets: Sequence[str] = (),
        until: Sequence[str | int] = (),
        only: Sequence[str] = (),
        failed: bool = False,
        batching: Batching = "off",
        fail_fast: bool = False,
        patience: float | None = None,
        tracking_uri: str | None = None,
        track: bool = True,
        require_tracking: bool = False,
        progress: bool = True,
    ) -> "Results":
        """Run what is not in the store yet, and return the results.

        The options are those of `lmcspec run`, by their names there but for `targets`, of which each is a `--target`,
        and `track=False`, which is `--no-tracking`. The same call goes on after any stop. Raises RunFailedError where
        tasks failed, StoreError where the plan could not be recorded, BlockedError where there is nothing that could
        run or the runner can't, UsageError where options make no sense, and RunInterrupted after Ctrl-C. Runs are
        tracked in MLflow as the command does it.
        """
        import contextlib

        from lmcspec.plan.checks import refuse_empty
        from lmcspec.running import Asked, Options, prepared

        if require_tracking and not track:
            raise UsageError("track=False and require_tracking=True can't both be had", help="leave one of them out")
        options = Options(
            runner=runner,
            workers=workers,
            devices=devices,
            max_parallel=max_parallel,
            address=address,
            objects=objects,
            node_store=node_store,
            allow_skew=allow_skew,
            force=force,
            targets=targets,
            until=until,
            only=only,
            failed=failed,
            batching=batching,
            fail_fast=fail_fast,
            patience=patience,
            tracking_uri=tracking_uri,
            track=track,
            require_tracking=require_tracking,
        )
        options.check()
        refuse_empty(self.graph)
        store = Store.open(self.store, trusted=self.trust_store)
        planned = self._with_facts(store)
        study = PlannedStudy(planned.graph, self.study.loaded)
        command = f"{self.study.command}.plan().run()"
        ready = prepared([Asked(study, self.study.loaded.path)], store, options, command)
        with ready.telling():
            ended = ready.carry_out(_showing() if progress else contextlib.nullcontext())
        results = planned.results()
        if ended.summary is not None and (failures := ended.summary.failed):
            labels = ", ".join(planned.graph.tasks[task].label for task in failures[:3])
            raise RunFailedError(f"{len(failures)} tasks failed: {labels}", results, help="their logs are in the store")
        ready.check_recorded(ended)
        return results

    def _with_facts(self, store: Store) -> "Plan":
        """The plan that runs: made again where only the model's shapes tell that there is such a study."""
        from lmcspec.engine.model_facts import take_facts

        if not take_facts(self.study.loaded, store, everything=False):
            return self
        return replace(self, graph=plan_study(self.study.loaded, store, ANY).plan)

    def results(self) -> "Results":
        """The results that are in the store now."""
        return Results(self.graph, tuple(tidy(self.graph, self._existing or _Nothing())))

    def __str__(self) -> str:
        return as_text(self._parts())

    def _repr_html_(self) -> str:
        return as_html(self._parts())

    def _parts(self) -> Iterable["RenderableType"]:
        from lmcspec.plan import render
        from lmcspec_runners.counting import slots_here

        source = f"store {self.store}" + ("" if self._existing else " (empty)")
        return render.table(self.outlook, slots_here(), source)


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a study: one row for each case, network, level, replicate, measure and metric."""

    graph: Graph
    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        missing = sum(row.outcome == "missing" for row in self.rows)
        return f"<Results {self.graph.study}: {len(self.rows):,} numbers{f', {missing:,} missing' if missing else ''}>"

    def frame(self) -> "pandas.DataFrame":
        """The rows as a DataFrame; a result that is not there is a row without a value, outcome `missing`."""
        import pandas

        documents = [{**row.document(), "k": row.k} for row in self.rows]
        return pandas.DataFrame(documents).drop(columns="parts", errors="ignore")

    def compare(self, a: str, b: str, measures: Sequence[str] = ()) -> "pandas.DataFrame":
        """B against A, as `lmcspec compare` has it: a row per measure, k and pair of levels of equal sparsity.

        `difference` is B - A over paired replicates, `low` to `high` its 95 % interval, `needed` how many replicates
        would decide it. `measures` names the ones that are compared; all of them unless told. Raises UsageError.
        """
        import pandas

        from lmcspec.report.chosen import chosen
        from lmcspec.report.contrast_records import COLUMNS, contrast_records
        from lmcspec.report.within import compare_within

        compared = compare_within(self.graph, chosen(self.rows, measures=measures), a, b)
        return pandas.DataFrame(contrast_records(compared), columns=list(COLUMNS))

    def __str__(self) -> str:
        return as_text(self._parts())

    def _repr_html_(self) -> str:
        return as_html(self._parts())

    def _parts(self) -> Iterable["RenderableType"]:
        from lmcspec.report.table import table

        return table(self.graph, self.rows)


def load(path: str | os.PathLike[str], sets: Sequence[str] = ()) -> Study:
    """Read a spec, by its path or the name of one that ships: `quickstart`. Raises SpecError.

    `sets` are overrides as of `--set`: `["recipes.real.batch=64"]`.
    """
    typed = ", ".join(map(repr, [os.fspath(path), *([list(sets)] if sets else [])]))
    return Study(read(Path(path), list(sets)), f"lmcspec.load({typed})")


def _showing() -> "AbstractContextManager[Listener]":
    """What shows a run while the block runs."""
    import contextlib

    from lmcspec.engine.notebook import Board, in_notebook
    from lmcspec.engine.show import show

    return contextlib.nullcontext(Board().on_event) if in_notebook() else show()


def _opened(path: Path, trusted: bool) -> Store | None:
    """The store in this folder, if there is one."""
    return Store.open(path, create=False, trusted=trusted) if path.exists() else None


class _Nothing:
    """A store that is not there."""

    def find(self, identifier: str) -> None:
        """Find no result, for any task."""
        return

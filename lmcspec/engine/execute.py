"""Carry a plan out: what of it runs, as a job for the scheduler."""

from collections.abc import Sequence
from typing import Any

from lmcspec.base import faults
from lmcspec.engine.planned import Job, PlannedTask
from lmcspec.engine.run import Listener, run
from lmcspec.engine.runner import Runner, name_driver
from lmcspec.engine.summary import Summary
from lmcspec.plan.diff import needs
from lmcspec.plan.document import payload, to_document
from lmcspec.plan.outlook import Outlook
from lmcspec.store import Store, record_plan, sweep


def execute(view: Outlook, store: Store, runner: Runner, listeners: Sequence[Listener] = ()) -> Summary:
    """Run the tasks of a plan that are not in the store. Raises Interrupted after Ctrl-C.

    Workers start first, for they take longest; meanwhile the plan is recorded, leftovers of dead workers are swept
    away, and damaged or forced results are taken out of the store.
    """
    name_driver()
    runner.start()
    try:
        sweep(store)
        record_plan(store, view.plan.study, to_document(view.plan))
        faults.reach("engine.plan-recorded")
        for task, reason in view.reasons.items():
            if reason.code in ("output-missing", "output-corrupt") or task in view.diff.stale:
                store.discard(task)
        job = job_of(view)
    except BaseException:
        runner.close()
        raise
    return run(job, store, runner, listeners=listeners)


def job_of(view: Outlook) -> Job:
    """The tasks to run, with what each needs, passes and is predicted to take."""
    passing: dict[str, list[str]] = {}
    for byproduct, host in view.diff.passing.items():
        passing.setdefault(host, []).append(byproduct)

    def spell_out(task: str) -> dict[str, Any]:
        return payload(view.plan, task, tuple(passing.get(task, ())), view.diff.continued.get(task))

    tasks = {
        task: PlannedTask(
            id=task,
            kind=view.plan.tasks[task].kind,
            label=view.plan.tasks[task].label,
            needs=needs(view.plan, view.diff, task),
            seconds=view.costs[task].seconds,
            byproducts=tuple(passing.get(task, ())),
        )
        for task in view.diff.run
    }
    return Job(tasks, spell_out, view.plan.on_collapse)  # pyright: ignore[reportArgumentType]

"""Carry a plan out: what of it runs, as a job for the scheduler."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from lmcspec.base import faults
from lmcspec.base.batching import Batching
from lmcspec.base.errors import StoreError
from lmcspec.base.facts import ModelFacts
from lmcspec.base.ids import digest
from lmcspec.engine.calibrating import Clock
from lmcspec.engine.journal import journal
from lmcspec.engine.limits import NO_LIMITS, Limits
from lmcspec.engine.of_study import of_study
from lmcspec.engine.placement import Demand
from lmcspec.engine.planned import Job, PlannedTask
from lmcspec.engine.provenance import NOWHERE, Provenance
from lmcspec.engine.recording import Recording
from lmcspec.engine.retention import Retention
from lmcspec.engine.run import Listener, run
from lmcspec.engine.runner import Particular, Runner, name_driver
from lmcspec.engine.summary import Summary
from lmcspec.plan.calibration import calibrate
from lmcspec.plan.diff import needs
from lmcspec.plan.document import payload, to_document
from lmcspec.plan.graph import Plan
from lmcspec.plan.history import StoreHistory
from lmcspec.plan.integrity import SEAL
from lmcspec.plan.memory import Peaks, memory
from lmcspec.plan.outlook import Outlook, outlook
from lmcspec.store import Store, driving, last_plan, sweep
from lmcspec.tasks import Task, kind


class Origin(NamedTuple):
    """What a study comes from, as its journal keeps it."""

    spec: Mapping[str, Any] | None = None
    """The resolved study, by case."""
    provenance: Provenance = NOWHERE


def execute(
    view: Outlook,
    store: Store,
    runner: Runner,
    listeners: Sequence[Listener] = (),
    *,
    origins: Mapping[str, Origin] = MappingProxyType({}),
    limits: Limits = NO_LIMITS,
) -> Summary:
    """Run the tasks of a plan that are not in the store. Raises RunInterrupted after Ctrl-C.

    `origins` has for each study by name where it comes from, for the run's journals. The plan may be that of several
    studies together: each is recorded by itself, and has a journal of its own.

    Workers start first, for they take longest; meanwhile the plan is recorded, leftovers of dead workers are swept
    away, and damaged or forced results are taken out of the store. Where tasks meet inputs that turn out to be
    damaged, these are made again and the tasks after them.
    """
    try:
        summary = _execute(view, store, runner, listeners, origins, limits)
        for _ in range(MENDINGS):
            if not summary.failed or set(summary.failed) != summary.damaged:
                break
            again = outlook(view.plan, store, checked=True, chosen=view.chosen, figures=view.figures)
            if not again.diff.run:
                break
            summary = summary.then(_execute(again, store, runner, listeners, origins, limits))
        return summary
    finally:
        # Whatever went wrong before they had a task: no worker stays, and no place on a cluster.
        runner.close()


MENDINGS = 3
"""How often in one run damage that tasks have met is mended: what is made again may rest on more of it."""


def _execute(
    view: Outlook,
    store: Store,
    runner: Runner,
    listeners: Sequence[Listener],
    origins: Mapping[str, Origin],
    limits: Limits,
) -> Summary:
    name_driver()
    if isinstance(runner, Particular):
        runner.refuse(job_of(view).tasks.values())
    runner.start()
    with driving(store) as driver:
        sweep(store)
        view = _still(view, store)
        documents = {part.study: to_document(part) for part in view.plan.each}
        recording = Recording(store, documents)
        faults.reach("engine.plan-recorded")
        for task, reason in view.reasons.items():
            if reason.code in ("output-missing", "output-corrupt") or task in view.diff.stale:
                store.discard(task)
        job = job_of(view, limits.batching)
        retention = Retention(view.plan, store, driver)
        clock = Clock([slot.device for slot in runner.slots])
        with ExitStack() as journals:
            written = []
            for part in view.plan.each:
                origin = origins.get(part.study, Origin())
                entry = journal(store, part.study, documents[part.study], origin.spec, origin.provenance)
                listener = journals.enter_context(entry)
                written.append(of_study(part, view.plan, listener) if view.plan.parts else listener)
            told = [*written, *listeners, clock.on_event, retention.on_event, recording.on_event]
            try:
                summary = run(job, store, runner, listeners=told, limits=limits)
            finally:
                recording.record()
        # By-products of workers that were lost in this run, say.
        with suppress(OSError, StoreError):
            sweep(store)
    units = {task: view.costs[task].work.units for task in job.tasks}
    if measured := clock.calibration(job.tasks, units, summary.seconds, view.passes, limits.max_parallel):
        calibrate(store, measured)
    return replace(summary, unrecorded=recording.left)


def _still(view: Outlook, store: Store) -> Outlook:
    """The outlook, or another one where something went that it counts upon: nothing kept that for this plan yet."""
    made = {*view.diff.run, *view.diff.passing}
    read = {source for task in view.diff.run for source in needs(view.plan, view.diff, task)} - made
    if view.diff.reused <= store.present(view.diff.reused) and not store.dropped(read):
        return view
    return outlook(view.plan, store, view.diff.stale, checked=True, chosen=view.chosen, figures=view.figures)


def keep(store: Store, plan: Plan) -> tuple[str, ...]:
    """Have the store keep what a plan needs of which nothing has to run, where it does not do so already.

    The studies for which it could not be made to, though it can be written to: else nobody deletes from it either.
    """
    left: list[str] = []
    for part in plan.each:
        before = last_plan(store, part.study)
        document = to_document(part)
        if before is None or before.get(SEAL) != document[SEAL]:
            with driving(store):
                left += Recording(store, {part.study: document}).left
    return tuple(left) if os.access(store.root / "studies", os.W_OK) else ()


def demand(task: Task, peaks: Peaks | None, facts: ModelFacts | None) -> Demand:
    """What a task takes while it runs."""
    of_kind, taken = kind(task.kind), memory(task, peaks, facts)
    return Demand(gains=of_kind.gains(task.params), device=taken.device, host=taken.host or 0, threads=of_kind.threads)


def _seen(task: Task, peaks: Peaks | None) -> tuple[int | None, int | None]:
    return peaks.peaks(task.kind, task.pace) if peaks else (None, None)


def job_of(view: Outlook, batching: Batching = "off") -> Job:
    """The tasks to run, with what each needs, passes and is predicted to take."""
    history = StoreHistory(view.store) if view.store is not None else None
    passing: dict[str, list[str]] = {}
    for byproduct, host in view.diff.passing.items():
        passing.setdefault(host, []).append(byproduct)

    def spell_out(task: str) -> dict[str, Any]:
        return payload(
            view.plan,
            task,
            tuple(passing.get(task, ())),
            view.diff.continued.get(task),
            str(view.reasons.get(task, "")),
        )

    tasks = {
        task: PlannedTask(
            id=task,
            kind=view.plan.tasks[task].kind,
            label=view.plan.tasks[task].label,
            needs=needs(view.plan, view.diff, task),
            seconds=view.costs[task].seconds,
            byproducts=tuple(passing.get(task, ())),
            nothing_if_diverged=kind(view.plan.tasks[task].kind).nothing_if_diverged,
            model=view.plan.tasks[task].pace,
            forward=view.costs[task].work.forward,
            demand=demand(view.plan.tasks[task], history, view.models.get(view.plan.tasks[task].params.model.digest)),
            seen=_seen(view.plan.tasks[task], history),
            study=view.plan.owner(task).study,
            alike=_alike(view.plan.tasks[task]) if batching == "auto" else "",
        )
        for task in view.diff.run
    }
    return Job(tasks, spell_out, view.plan.on_collapse)  # pyright: ignore[reportArgumentType]


def _alike(task: Task) -> str:
    """What tasks have in common that may run as one program; empty where its kind has no such."""
    together = kind(task.kind).together
    return "" if together is None else digest([task.kind, task.code, together.alike(task.params), task.made_set])

"""The distilled sets that a study's tasks make: which one is meant, and whether the store has it."""

import shlex
from dataclasses import dataclass

from lmcspec.base.errors import UsageError
from lmcspec.catalog import nearest
from lmcspec.plan.graph import Plan
from lmcspec.plan.stored_output import stored_output
from lmcspec.spec import Loaded
from lmcspec.spec.study import LoadedSet, OtherSet
from lmcspec.store import Store, Stored
from lmcspec.tasks import Task, kind


@dataclass(frozen=True, slots=True)
class PlannedSet:
    """A set that a case makes, by the task at a place of the plan."""

    case: str
    name: str
    role: str
    task: Task


def made_sets(plan: Plan) -> list[PlannedSet]:
    """Every set that a task makes, under `CASE/distilled/SET`; without a sweep there is no case."""
    made = []
    for role, identifier in plan.roles.items():
        if kind(plan.tasks[identifier].kind).makes == "set":
            case, _, name = role.rpartition("distilled/")
            made.append(PlannedSet(case.removesuffix("/"), name, role, plan.tasks[identifier]))
    return made


def set_of(plan: Plan, task: str) -> PlannedSet | None:
    """The set that a task makes, at the first of its places; None where it makes none."""
    return next((made for made in made_sets(plan) if made.task.id == task), None)


def chosen_set(plan: Plan, loaded: Loaded | None, name: str, case: str) -> PlannedSet:
    """The set of that name; of a case, or of all where it is the same in all. UsageError where there is no one such.

    `loaded` is the spec of the plan where there is one; it tells where sets come from that no task makes.
    """
    made = made_sets(plan)
    called = [made_set for made_set in made if made_set.name == name and case in ("", made_set.case)]
    if len({made_set.task.id for made_set in called}) == 1:
        return called[0]
    cases = [made_set.case for made_set in made if made_set.name == name]
    listed = ", ".join(cases[:5]) + (", …" if len(cases) > 5 else "")
    if called:
        raise UsageError(
            f"the set {name!r} is not the same in the cases {listed}",
            help=f"choose one: {shlex.join(['--case', cases[0]])}",
        )
    if case and any(cases):
        near = nearest(case, cases)
        raise UsageError(
            f"no case {case!r} makes a set {name!r}", help=f"did you mean {near}?" if near else f"there are: {listed}"
        )
    if case and cases:
        raise UsageError(f"there is no case {case!r}: the study is not a sweep", help="leave out --case")
    if (origin := _origin(loaded, name)) is not None:
        raise UsageError(f"the set {name!r} is not distilled here: it {origin}", help="take it from there")
    known = list(dict.fromkeys(made_set.name for made_set in made))
    near = nearest(name, known)
    there = f"there are: {', '.join(known)}" if known else "it makes none; sets stand under [distilled]"
    raise UsageError(f"the study makes no distilled set {name!r}", help=f"did you mean {near}?" if near else there)


def stored_set(store: Store, plan: Plan, made: PlannedSet, run: str) -> Stored:
    """The set's object, whole. StoreError where it is not there; `run` is the command by which the study runs."""
    return stored_output(store, plan, made.task.id, f"the set {made.name!r}", made.role, run)


def _origin(loaded: Loaded | None, name: str) -> str | None:
    """Where a set comes from that no task makes; None for any other."""
    for case in loaded.cases if loaded else ():
        match case.study.distilled.get(name):
            case LoadedSet(load=file):
                return f"is loaded from {file}"
            case OtherSet(dataset=table):
                return f"is the images of the data set {table.name!r}"
            case _:
                continue
    return None

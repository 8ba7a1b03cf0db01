"""What of a plan is in the store, what has to run, and what a longer training leaves behind in passing."""

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, NamedTuple

from lmcspec.plan.graph import Plan
from lmcspec.tasks.kind import kind

if TYPE_CHECKING:
    from lmcspec.store import Store


class Diff(NamedTuple):
    """The plan against the store."""

    run: tuple[str, ...]
    """To be executed, in an order in which every task comes after its inputs."""
    reused: frozenset[str]
    """Committed, of those the targets rest on."""
    passing: Mapping[str, str]
    """Wanted training until k -> the task in `run` that commits it on its way."""
    continued: Mapping[str, str]
    """Training to run -> the stored state of the same branch from which it goes on."""
    blocked: Mapping[str, str]
    """Task to run -> why it can't: its data are missing, or those of a task it needs."""

    skipped: frozenset[str] = frozenset()
    """Tasks that are not run, because something they need collapsed and the study skips what follows."""
    stale: frozenset[str] = frozenset()
    """Forced tasks and all that rests on them: stored results of these do not count."""
    left_out: frozenset[str] = frozenset()
    """Missing tasks that nobody asked for this time."""

    @property
    def nothing_to_do(self) -> bool:
        """Whether no task runs and none is blocked."""
        return not self.run and not self.blocked


def diff(
    plan: Plan,
    store: "Store | None",
    forced: Set[str] = frozenset(),
    *,
    checked: bool = False,
    wanted: Set[str] | None = None,
) -> Diff:
    """Work back from the targets: a stored result needs nothing, a missing one needs the files of its inputs.

    `forced` tasks count as missing, and so does all that rests on them. Files that a task is to read are compared
    with the sizes in their COMMIT, so that damage is mended where it would matter; if `checked`, every COMMIT that a
    target's numbers come from is read too. Otherwise no more than file times and sizes are looked at. `wanted` are
    tasks to work back from, where these are not the targets.
    """
    ids = list(plan.tasks)
    stored = store.present(ids) if store else set()
    stale = _downstream(plan, forced)
    stored -= stale
    usable = stored - store.dropped(stored) if store else set()
    if wanted is None:
        wanted = {target.task for target in plan.targets} | {target.mask for target in plan.targets if target.mask}
    if checked and store:
        stored -= {task for task in wanted if task in stored and store.find(task) is None}
        usable &= stored
    to_run = {task for task in wanted if task not in stored}
    looked_at: set[str] = set()
    queue = list(to_run)
    while queue:
        for _, source in plan.tasks[queue.pop()].inputs:
            if source in usable and source not in looked_at:
                looked_at.add(source)
                if store and is_damaged(store, source):
                    usable.discard(source)
            if source not in usable and source not in to_run:
                to_run.add(source)
                queue.append(source)
    blocked = _blocked(plan, to_run)
    skipped = _skipped(plan, store, to_run, stored)
    passing, continued = _share_branches(plan, to_run - blocked.keys() - skipped, usable)
    out = passing.keys() | blocked.keys() | skipped
    return Diff(
        run=tuple(task for task in ids if task in to_run and task not in out),
        reused=frozenset(stored - to_run),
        passing=passing,
        continued=continued,
        blocked=blocked,
        skipped=skipped,
        stale=frozenset(stale),
    )


def is_damaged(store: "Store", task: str) -> bool:
    """Whether the files of a stored result are missing or of another size than when it was committed."""
    from lmcspec.store import verify

    return any(damage.part == "result" for damage in verify(store, [task], full=False))


def needs(plan: Plan, difference: Diff, task: str) -> tuple[str, ...]:
    """What must be there before this task runs: its own inputs, and those of what it commits in passing."""
    members = [task, *(byproduct for byproduct, host in difference.passing.items() if host == task)]
    return tuple(dict.fromkeys(source for member in members for _, source in plan.tasks[member].inputs))


def _downstream(plan: Plan, forced: Set[str]) -> set[str]:
    stale = set(forced)
    if stale:
        for identifier, task in plan.tasks.items():
            if any(source in stale for _, source in task.inputs):
                stale.add(identifier)
    return stale


def _skipped(plan: Plan, store: "Store | None", to_run: Set[str], stored: Set[str]) -> frozenset[str]:
    """Tasks that need a result which collapsed, directly or through others, where the study skips these.

    In any study those that need what does not exist because something diverged: the mask of undefined weights.
    """
    if not stored:
        return frozenset()
    outcomes: dict[str, bool] = {}

    def collapsed(source: str) -> bool:
        if source not in outcomes:
            outcomes[source] = _is_in_the_way(plan, store, source) if source in stored else False
        return outcomes[source]

    skipped: set[str] = set()
    for identifier, task in plan.tasks.items():
        if identifier in to_run and any(source in skipped or collapsed(source) for _, source in task.inputs):
            skipped.add(identifier)
    return frozenset(skipped)


def _is_in_the_way(plan: Plan, store: "Store | None", source: str) -> bool:
    """Whether a stored result is such that what needs it is not run."""
    never = kind(plan.tasks[source].kind).nothing_if_diverged
    if store is None or not (never or plan.on_collapse == "skip"):
        return False
    result = store.find(source)
    if result is None:
        return False
    return result.outcome != "ok" if plan.on_collapse == "skip" else result.outcome == "diverged"


def _blocked(plan: Plan, to_run: Set[str]) -> dict[str, str]:
    if not plan.missing:
        return {}
    blocked: dict[str, str] = {}
    for identifier, task in plan.tasks.items():
        if identifier not in to_run:
            continue
        reasons = [plan.missing[part.digest] for part in task.from_outside if part.digest in plan.missing]
        upstream = [blocked[source] for _, source in task.inputs if source in blocked]
        if reasons or upstream:
            blocked[identifier] = (reasons or upstream)[0]
    return blocked


def _share_branches(plan: Plan, to_run: Set[str], usable: Set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Let the longest training of each branch pass the others, from the last stored state before them."""
    branches: dict[tuple, list[str]] = {}
    in_branches = {*plan.byproducts, *plan.byproducts.values()}
    for identifier, task in plan.tasks.items():
        if task.trains and identifier in in_branches:
            branches.setdefault((task.inputs, task.seeds, task.params.branch), []).append(identifier)
    passing, continued = {}, {}
    for members in branches.values():
        length = {member: plan.tasks[member].params.until for member in members}
        running = sorted((member for member in members if member in to_run), key=length.__getitem__)
        if not running:
            continue
        passing |= dict.fromkeys(running[:-1], running[-1])
        before = [member for member in members if member in usable and length[member] < length[running[0]]]
        if before:
            continued[running[-1]] = max(before, key=length.__getitem__)
    return passing, continued

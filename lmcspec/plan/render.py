"""A plan as people read it: what runs and why, what is reused, what it costs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lmcspec.base.grid import Column, Grid
from lmcspec.base.sizes import in_thousands
from lmcspec.plan.cost import Cost
from lmcspec.plan.graph import Plan
from lmcspec.plan.kind_words import kind_words
from lmcspec.plan.mask_words import mask_documents, mask_lines
from lmcspec.plan.outlook import Outlook
from lmcspec.plan.reasons import Reason
from lmcspec.plan.simulate import Slots
from lmcspec.plan.why_lines import why_lines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.tree import Tree

SYMBOLS = {"run": "+", "changed": "~", "reuse": "=", "blocked": "?", "passing": "·"}


def state(view: Outlook, task: str) -> str:
    """`run`, `changed` (runs because something moved), `passing`, `reuse`, or why it does not run.

    That is `blocked`, `skipped` (what it needs collapsed), `left out` (nobody asked for it) or `unneeded`.
    """
    if task in view.diff.blocked:
        return "blocked"
    if task in view.diff.skipped:
        return "skipped"
    if task in view.diff.passing:
        return "passing"
    if task in view.diff.left_out:
        return "left out"
    if task in view.reasons:
        return "run" if view.reasons[task].code == "never-run" else "changed"
    return "reuse" if task in view.diff.reused else "unneeded"


def table(view: Outlook, slots: Slots | None, source: str, *, everything: bool = False) -> Iterator["RenderableType"]:
    """The plan by kind of task, then the reasons, then what it costs."""
    from rich.text import Text

    plan = view.plan
    yield Text.assemble((plan.study, "bold"), f"  {source}")
    if view.diff.nothing_to_do:
        yield Text(nothing_to_do(view))
        return
    yield _kinds(view)
    yield from why_lines(view, everything=everything)
    for line in (*_networks(plan), *mask_lines(plan)):
        yield Text(f"  {line}", style="dim")
    for note in plan.notes:
        yield Text(f"note: {note}", style="yellow")
    yield from (Text(line) for line in estimate(view, slots))
    yield Text(closing(view), style="bold")


def nothing_to_do(view: Outlook, word: str = "in the store") -> str:
    """One line for a study of which everything is there that can be."""
    skipped = sum(task.id in view.diff.skipped for task in view.counted)
    states = Counter(state(view, task.id) for task in view.counted)
    if states["left out"] or states["unneeded"]:
        others = states["left out"] + states["unneeded"]
        return f"Nothing to do: of what is asked for nothing is left to run; {others:,} other tasks are not asked for."
    stored = len(view.counted) - skipped
    if not skipped:
        return f"Nothing to do: all {stored:,} tasks are {word}."
    return f"Nothing to do: {stored:,} tasks are {word}, and {skipped:,} need what collapsed."


def closing(view: Outlook) -> str:
    """A line that says how many tasks run, are reused, passed, blocked or skipped."""
    counted = [task.id for task in view.counted]
    states = Counter(state(view, task) for task in counted)
    parts = [f"{states['run'] + states['changed'] + states['passing']:,} to run", f"{states['reuse']:,} reused"]
    if states["left out"]:
        parts.append(f"{states['left out']:,} left out, for this time")
    if states["skipped"]:
        parts.append(f"{states['skipped']:,} skipped after a collapse")
    if states["blocked"]:
        parts.append(f"{states['blocked']:,} blocked: {next(iter(view.diff.blocked.values()))}")
    return "Plan: " + ", ".join(parts) + "."


def estimate(view: Outlook, slots: Slots | None) -> list[str]:
    """Lines that say how much work and room the tasks that run take, and how long on these slots (None: not said)."""
    costs = view.running
    lines = [f"blocked: {_work(view, view.waiting)}"] if view.waiting else []
    if not costs:
        return lines
    work = f"work: {_work(view, costs)}"
    stored = [cost.work.stored for cost in costs.values() if cost.work.stored is not None]
    if len(stored) == len(costs):
        work += f", {size(view.peak_bytes)} on disk at most, {size(view.kept_bytes)} in the end"
    lines.append(work)
    if slots is None:
        return lines
    wall = view.wall(slots)
    if wall is not None:
        low, high = view.wall(slots, "low"), view.wall(slots, "high")
        basis = f", {view.guessed:,} tasks by a first estimate" if view.guessed else ""
        lines.append(f"time: {duration(wall)} on {slots} ({duration(low or 0)} to {duration(high or 0)}){basis}")
    elif view.untimed:
        kinds = Counter(kind_words(view.plan.tasks[task]) for task in view.untimed)
        named = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        known = "unknown"
        if len(view.untimed) < len(view.diff.run):
            known = f"at least {duration(view.least(slots))} on {slots}"
        lines.append(f"time: {known}, nothing like {named} has finished in this store yet")
    return lines


def _work(view: Outlook, costs: Mapping[str, Cost]) -> str:
    images = sum(cost.work.images for cost in costs.values())
    updates = sum(cost.work.updates for cost in costs.values())
    work = f"{images:,} training images in {updates:,} updates"
    flops = [cost.flops(view.models.get(view.plan.tasks[task].params.model.digest)) for task, cost in costs.items()]
    return work if None in flops else f"{work}, {sum(filter(None, flops)):.2g} FLOP"


def _kinds(view: Outlook) -> Grid:
    rows: dict[str, Counter] = {}
    for task in view.counted:
        row = rows.setdefault(kind_words(task), Counter())
        now = state(view, task.id)
        row["run" if now in ("run", "changed", "passing") else now] += 1
        if task.id in view.costs:
            row["images"] += view.costs[task.id].work.images
        if task.id in view.costs and now != "blocked":
            seconds = view.costs[task.id].seconds
            row["seconds"] += seconds or 0  # pyright: ignore[reportArgumentType]
            row["untimed"] += seconds is None
    names = ("run", "reuse", "blocked", "images")
    lines = [(kind, *(_count(row[name]) for name in names), _seconds(row)) for kind, row in rows.items()]
    numbers = [Column(name, right=True) for name in (*names, "seconds")]
    return Grid([Column("kind", names=True), *numbers], lines)


def _seconds(row: Mapping[str, float]) -> str:
    return "" if not row["run"] else "unknown" if row["untimed"] else f"{row['seconds']:.1f}"


def _networks(plan: Plan) -> Iterator[str]:
    """A line for all measured networks of a case that go equally far."""
    measured = {(target.case, target.network) for target in plan.targets}
    alike: dict[tuple[str, int, str], Counter[str]] = {}
    for (case, network), levels in plan.levels.items():
        if len(levels) > 1 and (case, network) in measured:
            far = (case, levels[-1].number, levels[-1].shown)
            alike.setdefault(far, Counter())[network.partition("[")[0]] += 1
    for (case, last, sparsity), families in alike.items():
        names = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in families.items())
        place = f"{case}: " if case else ""
        yield f"{place}{names}: levels 0 to {last}, sparsity {sparsity} at the last"


def tree(view: Outlook) -> "Tree":
    """The plan by network, replicate and level, one line a task."""
    from rich.text import Text
    from rich.tree import Tree

    from lmcspec.base.fitted_text import Fitted

    root = Tree(Text(view.plan.study, style="bold"))
    branches: dict[tuple[str, ...], Tree] = {(): root}
    for task in view.counted:
        place = tuple(task.label.split("/"))
        for depth in range(1, len(place)):
            if place[:depth] not in branches:
                branches[place[:depth]] = branches[place[: depth - 1]].add(place[depth - 1])
        now = state(view, task.id)
        reason = view.reasons.get(task.id)
        line = Text(f"{SYMBOLS.get(now, ' ')} {place[-1]}  ")
        line.append(view.plan.shown(task.id), style="dim")
        if reason is not None:
            line.append(f"  {reason.code}", style="yellow" if reason.changes else "green")
        branches[place[:-1]].add(Fitted(line))
    return root


def document(view: Outlook, slots: Slots | None) -> dict[str, Any]:
    """The plan held against the store, as plain data; no slots: how long it takes is not said."""
    return {
        "study": view.plan.study,
        "counts": dict(Counter(state(view, task.id) for task in view.counted)),
        "slots": slots.total if slots else None,
        "seconds": view.wall(slots) if slots else None,
        "notes": list(view.plan.notes),
        "tasks": [
            {
                "id": None if task.id in view.plan.unknown else task.id,
                "kind": task.kind,
                "label": task.label,
                "state": state(view, task.id),
                **reason_document(view.reasons.get(task.id)),
                "seconds": view.costs[task.id].seconds if task.id in view.costs else None,
                "images": view.costs[task.id].work.images if task.id in view.costs else None,
            }
            for task in view.counted
        ],
        "masks": mask_documents(view.plan),
    }


def reason_document(reason: Reason | None) -> Mapping[str, Any]:
    """A reason as plain data; just `{"reason": None}` where there is none."""
    if reason is None:
        return {"reason": None}
    changes = [{"field": change.field, "old": change.old, "new": change.new} for change in reason.changes]
    stands = {"stands": reason.stands} if reason.stands else {}
    return {"reason": reason.code, "changes": changes, "root": reason.root or None, **stands}


def _count(value: float) -> str:
    return f"{int(value):,}" if value else ""


def duration(seconds: float) -> str:
    """A duration in its two largest units: 12 s, 4 min 10 s, 3 h 20 min, 2 d 4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """Bytes in the nearest unit of 1,000."""
    return in_thousands(count, ("B", "kB", "MB", "GB", "TB"))

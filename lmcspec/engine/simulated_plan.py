"""`plan --simulate "8 x h200, 8 x cpu"`: what a plan would take on devices that need not be here."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from lmcspec.base.errors import UsageError
from lmcspec.base.facts import ModelFacts
from lmcspec.base.word_lists import few
from lmcspec.catalog import nearest
from lmcspec.engine.devices import Device
from lmcspec.engine.execute import job_of
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.simulation import MOST, Costs, Curve, Simulated, curve, simulate
from lmcspec.plan import speeds
from lmcspec.plan.cost import Pace
from lmcspec.plan.outlook import Outlook
from lmcspec.plan.speeds import Range, Speed
from lmcspec.tasks import Task, Work, kind

EXAMPLE = 'such as "8 x h200", "2 x cpu", or "4 x a100, 8 x cpu"'
MOST_EACH = 64
"""Slots of one GPU that are simulated at most."""
LONGEST = 80
"""Characters of what was asked for that an error repeats."""
_ENTRY = re.compile(r"(?:(\d+)\s*x\s*)?([\w. -]+?)(?:/(\d+))?")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices that are pretended: so many of a GPU, each with so many slots, and slots of the CPU."""

    gpu: Speed | None
    gpus: int
    each: int
    cpu: Speed
    cores: int

    @property
    def main(self) -> int:
        """How many of what tasks gain from."""
        return self.gpus if self.gpu else self.cores

    @property
    def name(self) -> str:
        """What those are called."""
        return self.gpu.name if self.gpu else self.cpu.name

    def of(self, count: int) -> "Fleet":
        """The same with another number of those."""
        return replace(self, gpus=count) if self.gpu else replace(self, cores=count)

    @property
    def slots(self) -> list[Device]:
        """The device of each slot."""
        gpus: list[Device] = []
        if self.gpu:
            every = [Device(f"{self.gpu.name}-{number}", "gpu", self.gpu.memory) for number in range(self.gpus)]
            gpus = every * self.each
        return [*gpus, *[Device("cpu")] * self.cores]

    def seconds(self, task: Task, work: Work, facts: ModelFacts | None) -> Range | None:
        """A first estimate for a task, on that of its devices on which it runs."""
        gains = kind(task.kind).gains(task.params)
        return speeds.estimate(self.gpu if self.gpu and gains else self.cpu)(task, work, facts)

    @property
    def pace(self) -> Pace:
        """How tasks are timed on it."""
        return Pace(self.name, self.seconds)


class _Entry(NamedTuple):
    """A part of what `--simulate` says: so many devices, each with so many slots."""

    known: Speed
    many: int
    each: int | None


def fleet(text: str) -> Fleet:
    """The devices that a text names. UsageError where it names none, or something that can't be simulated."""
    entries = [_entry(text, part.strip()) for part in text.split(",") if part.strip()]
    gpus = [entry for entry in entries if entry.known.kind == "gpu"]
    count = sum(entry.many for entry in gpus)
    cores = sum(entry.many for entry in entries) - count
    if not entries:
        raise UsageError(f"--simulate {text!r} names no device", help=EXAMPLE)
    if len({entry.known.name for entry in gpus}) > 1:
        raise UsageError(f"--simulate {text!r} names two models of GPU", help="one at a time, beside slots of a cpu")
    shares = {entry.each or 1 for entry in gpus}
    if len(shares) > 1:
        name = gpus[0].known.name
        raise UsageError(
            f"--simulate {text!r} says two numbers of slots on {name}", help=f'such as "{count} x {name}/{max(shares)}"'
        )
    if count + cores > MOST:
        raise _too_much(text, f"{MOST:,} devices at most")
    cpu = speeds.speed("cpu")
    assert cpu is not None, "the table has it"
    return Fleet(gpus[0].known if gpus else None, count, max(shares, default=1), cpu, cores)


def _entry(text: str, entry: str) -> _Entry:
    match = _ENTRY.fullmatch(entry)
    name = match[2].strip() if match else ""
    known = speeds.speed(name) if name else None
    if match is None or known is None:
        near = nearest(name, speeds.names())
        raise UsageError(
            f"--simulate {text!r}: nothing is known of a device {name or entry!r}",
            help=f"did you mean {near}?" if near else f"there are {', '.join(speeds.names())}; {EXAMPLE}",
        )
    count, each = _number(match[1]), _number(match[3])
    if count == 0:
        raise UsageError(f"--simulate {text!r}: 0 x {known.name} names no device", help=EXAMPLE)
    if known.kind == "cpu" and each is not None:
        many = (count or 1) * max(1, each)
        raise UsageError(f"--simulate {text!r}: a cpu has one slot", help=f'"{many} x cpu" has {many:,}')
    if each == 0:
        raise UsageError(
            f"--simulate {text!r}: {known.name}/0 has no slot", help=f'"{known.name}/2" has two slots on each'
        )
    if (each or 1) > MOST_EACH:
        raise _too_much(text, f"{MOST_EACH} slots on each GPU at most")
    return _Entry(known, 1 if count is None else count, each)


def _number(digits: str | None) -> int | None:
    # Python reads no number of thousands of digits; nine are too many devices as it is.
    return None if digits is None else int(digits.lstrip("0")[:9] or "0")


def _too_much(text: str, most: str) -> UsageError:
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return UsageError(f"--simulate {shown!r} is more than can be simulated", help=most)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plan takes on a fleet."""

    fleet: Fleet
    view: Outlook
    low: Simulated
    middle: Simulated
    high: Simulated
    curve: Curve

    def document(self) -> dict[str, Any]:
        """As plain data."""
        tasks = self.view.plan.tasks
        return {
            "slots": len(self.fleet.slots),
            "seconds": [self.low.wall, self.middle.wall, self.high.wall],
            "unknown": dict(unknown(self.view)),
            "guessed": self.view.guessed,
            "busy": dict(self.middle.busy),
            "path": [
                {"label": tasks[task].label, "seconds": self.view.costs[task].seconds} for task in self.middle.path
            ],
            "path_seconds": self.middle.path_seconds,
            "curve": [{"devices": number, "seconds": seconds} for number, seconds in self.curve.points],
            "enough": self.curve.enough,
        }


def answer(view: Outlook, asked: Fleet, max_parallel: int | None = None) -> Answer:
    """Run the plan in virtual time, at the low, the middle and the high end of what its tasks take."""
    costs = Costs(view.calibration.startup, view.calibration.overhead, view.passes)
    tasks = job_of(view).tasks

    def run(which: str, of: Fleet) -> Simulated:
        return simulate(_taking(tasks, view, which), of.slots, costs, max_parallel)

    low, middle, high = (run(which, asked) for which in ("low", "seconds", "high"))
    if not tasks:
        return Answer(asked, view, low, middle, high, Curve((), None))
    middling = _taking(tasks, view, "seconds")
    known = {asked.main: middle.wall}

    def wall(count: int) -> float:
        return known.get(count) or simulate(middling, asked.of(count).slots, costs, max_parallel).wall

    tried = curve(wall, asked.main, len(tasks))
    # Where tasks of unknown length take no time, nobody knows how many could be used.
    return Answer(asked, view, low, middle, high, tried._replace(enough=None) if view.untimed else tried)


def unknown(view: Outlook) -> Counter[str]:
    """How many tasks of each kind nothing is known of."""
    return Counter(view.plan.tasks[task].kind for task in view.untimed)


def _taking(tasks: Mapping[str, PlannedTask], view: Outlook, which: str) -> dict[str, PlannedTask]:
    """The tasks with the seconds at one end of their range; what nothing is known of takes none."""
    return {name: replace(task, seconds=getattr(view.costs[name], which) or 0.0) for name, task in tasks.items()}


def lines(outcome: Answer) -> Sequence[str]:
    """The answer in words."""
    from lmcspec.plan.render import duration

    view, asked, middle = outcome.view, outcome.fleet, outcome.middle
    if not view.diff.run:
        return [f"simulated on {_named(asked)}: nothing to run"]
    left = unknown(view)
    named = ", ".join(f"{count:,} {kind}" for kind, count in left.items())
    times = f"{duration(middle.wall)} ({duration(outcome.low.wall)} to {duration(outcome.high.wall)})"
    if left:
        times = f"at least {duration(outcome.low.wall)}, with {named} of unknown length"
    told = [f"simulated on {_named(asked)}: {times}"]
    if view.guessed:
        told.append(f"  {view.guessed:,} of {len(view.diff.run):,} tasks by a first estimate: {_basis(asked)}")
    shares = few([f"{name} {share:.0%}" for name, share in middle.busy.items()], 8)
    told.append(f"  in use{', by what is known' if left else ''}: {shares}")
    labels = [view.plan.tasks[task].label for task in middle.path]
    through = " > ".join(labels if len(labels) <= 5 else [*labels[:2], f"{len(labels) - 4} more", *labels[-2:]])
    least = "at least " if left else ""
    told.append(f"  critical path: {len(labels)} tasks, {least}{duration(middle.path_seconds)}: {through}")
    points = ", ".join(f"{number}: {duration(seconds)}" for number, seconds in outcome.curve.points)
    told.append(f"  by number of {asked.name}{', at least' if left else ''}: {points}")
    if outcome.curve.enough is not None:
        told.append(f"  more than {outcome.curve.enough} {asked.name} would help by less than a twentieth")
    return told


def _named(asked: Fleet) -> str:
    gpus = f"{asked.gpus} {asked.gpu.name}" + (f" of {asked.each} slots" if asked.each > 1 else "") if asked.gpu else ""
    return " and ".join(filter(None, (gpus, f"{asked.cores} cpu" if asked.cores else "")))


def _basis(asked: Fleet) -> str:
    by = asked.gpu or asked.cpu
    if by.measured:
        return "measured by `lmcspec doctor --measure`"
    return f"{by.source}; `lmcspec doctor --measure` on such a device narrows it"

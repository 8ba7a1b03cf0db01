"""How far a study is, as people read it: a line for each network, what is at work and what failed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lmcspec.base.grid import Column, Grid
from lmcspec.plan.network_standing import NetworkStanding
from lmcspec.plan.progress import STATES, Standing
from lmcspec.plan.render import duration, size
from lmcspec.plan.study_standing import StudyStanding
from lmcspec.plan.time_left import TimeLeft

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_ROWS = 40
"""Networks that are listed."""
_COLUMNS = ("done", "to do", "running", "failed", "interrupted", "blocked", "skipped after a collapse")
"""States in the order of their columns."""


def count_line(view: Standing) -> str:
    """The tasks by state: `81 done  2 running  119 to do`."""
    return "  ".join(f"{view.counts[state]:,} {state}" for state in STATES if view.counts[state])


def standing_lines(study: StudyStanding) -> Iterator["RenderableType"]:
    """What is at work, was cut off or failed, then the networks, the time left and the bytes."""
    from rich.text import Text

    yield from (Text(line, style=style) for line, style in _task_lines(study.tasks))
    yield from (Text(f"  blocked  {why}") for why in study.obstacles)
    yield from _network_table(study.networks)
    if not study.is_over:
        yield Text(_left_line(study))
    if study.bytes:
        yield Text(f"in the store: {bytes_words(study.bytes)}")


def _task_lines(view: Standing) -> Iterator[tuple[str, str]]:
    """(line, style) for each task that something is to be said of."""
    for task in view.running:
        end = f" of {task.until:,}" if task.until else ""
        saved = f", saved at {task.stands}{end}" if task.stands else ""
        yield f"  running  {task.label}  by process {task.pid} on {task.host}, for {duration(task.seconds)}{saved}", ""
    for task in view.interrupted:
        yield f"  cut off  {task.label}" + (f"  goes on after {task.stands}" if task.stands else ""), ""
    for task in view.failed:
        yield f"  failed   {task.label}  {task.message}", ""
        yield f"           {task.log}", "dim"


def _network_table(networks: Sequence[NetworkStanding]) -> Iterator["RenderableType"]:
    from rich.text import Text

    if not networks:
        return
    rows = [_row(network) for network in networks[:MOST_ROWS]]
    told = [name for name in rows[0] if any(row[name] for row in rows)]
    columns = [Column(name, right=name != "network", names=name == "network") for name in told]
    yield Grid(columns, [[row[name] for name in told] for row in rows], apart=True)
    if len(networks) > MOST_ROWS:
        yield Text(f"and {len(networks) - MOST_ROWS:,} more (--format json has all)", style="dim")
    if len(networks) > 1:
        yield Text("What several networks share counts for each of them.", style="dim")


def _row(network: NetworkStanding) -> dict[str, str]:
    """The cells of a network by the headings of their columns, of which those that all leave empty are left out."""
    return {
        "network": _name(network),
        **{state.partition(" after")[0]: _count(network.counts.get(state, 0)) for state in _COLUMNS},
        "level": level_words(network),
        "time left": time_words(network.left) if network.left else "",
        "bytes": size(network.bytes) if network.bytes else "",
    }


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _name(network: NetworkStanding) -> str:
    name = f"{network.case}/{network.network}" if network.case else network.network
    return name if network.members == 1 else f"{name} ({network.members})"


def level_words(network: NetworkStanding) -> str:
    """`2 of 5`, `1 to 3 of 5` where replicates differ, `- of 5` where one of them has nothing yet."""
    if network.reached is None:
        return f"- of {network.last}"
    least, most = network.reached
    return f"{least if least == most else f'{least} to {most}'} of {network.last}"


def time_words(left: TimeLeft) -> str:
    """`14 s (10 s to 20 s)`; `at least 10 s` or `unknown` where nothing is known of some tasks or all."""
    if left.untimed:
        return f"at least {duration(left.low)}" if left.untimed < left.tasks else "unknown"
    return f"{duration(left.seconds)} ({duration(left.low)} to {duration(left.high)})"


def bytes_words(kinds: Mapping[str, int]) -> str:
    """`7.6 MB: train 6.2 MB, path 0.5 MB`."""
    return f"{size(sum(kinds.values()))}: {', '.join(f'{kind} {size(count)}' for kind, count in kinds.items())}"


def _left_line(study: StudyStanding) -> str:
    basis = f", {study.left.guessed:,} tasks by a first estimate" if study.left.guessed else ""
    if study.left.untimed:
        basis += f", without {study.left.untimed:,} tasks the like of which has never finished in this store"
    return f"time left: {time_words(study.left)} on {study.slots}{basis}"

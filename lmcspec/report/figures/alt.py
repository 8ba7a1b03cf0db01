"""What is seen in a figure, in a sentence or two, from its numbers: for those who don't see it."""

from collections.abc import Sequence

from lmcspec.report.figures.marks import Mark
from lmcspec.report.words import form_of

PANELS, LINES = 2, 3
"""How many panels, and lines of a panel, are told; of others it is said how many there are."""
STEADY = 0.05
"""What changes by less than this share of the largest number of its panel stays where it is."""


def seen(marks: Sequence[Mark], title: str) -> str:
    """`Accuracy against sparsity. Test accuracy (%): imp falls from 97.4 when dense to 90.2 at 95.0 % sparsity.`"""
    panels: dict[tuple[str, str], list[Mark]] = {}
    for mark in marks:
        panels.setdefault((mark.on_y, mark.panel), []).append(mark)
    shown = list(panels.items())[:PANELS]
    told = [f"{_capital(', '.join(filter(None, place)))}: {_lines(of_panel)}." for place, of_panel in shown]
    more = "".join(f" {_capital(words)}." for words in _more(len(panels) - PANELS, "panel"))
    return f"{' '.join([f'{title}.', *told])}{more}"


def _lines(marks: Sequence[Mark]) -> str:
    lines: dict[str, list[Mark]] = {}
    for mark in marks:
        lines.setdefault(mark.line, []).append(mark)
    over_levels = any(mark.over_levels for mark in marks)
    steady = STEADY * max(abs(mark.y) for mark in marks)
    words = [_line(name, _in_order(of_line, over_levels), over_levels, steady) for name, of_line in lines.items()]
    return "; ".join([*words[:LINES], *_more(len(words) - LINES, "line")])


def _more(count: int, what: str) -> list[str]:
    return [f"and {count} more {what}{'s' * (count > 1)}"] if count > 0 else []


def _line(name: str, marks: Sequence[Mark], over_levels: bool, steady: float) -> str:
    """`imp falls from 12.3 when dense to 0.4 at 83.2 % sparsity`."""

    def point(mark: Mark) -> str:
        return f"{_number(mark)}{_at(mark, marks, over_levels)}"

    first, last = marks[0], marks[-1]
    least, most = min(marks, key=_y), max(marks, key=_y)
    change = most.y - least.y
    if first is last:
        return f"{name} is {point(first)}"
    if change <= steady:
        low, high = _number(least), _number(most)
        return f"{name} stays at {low}" if low == high else f"{name} stays between {low} and {high}"
    ends = max(first.y, last.y), min(first.y, last.y)
    turn = most if most.y - ends[0] > change / 3 else least if ends[1] - least.y > change / 3 else last
    words = f"{name} {'falls' if turn.y < first.y else 'rises'} from {point(first)} to {point(turn)}"
    return words if turn is last else f"{words} and ends at {point(last)}"


def _y(mark: Mark) -> float:
    return mark.y


def _in_order(marks: Sequence[Mark], over_levels: bool) -> list[Mark]:
    """From dense to sparse where lines are over levels, else from left to right."""
    return sorted(marks, key=_level if over_levels else lambda mark: mark.x or 0.0)


def _level(mark: Mark) -> float:
    where = mark.cell.where
    return 0.0 if where is None else where.sparsity or float(where.level)


def _at(mark: Mark, marks: Sequence[Mark], over_levels: bool) -> str:
    """Where on x a point stands, in words."""
    where = mark.cell.where
    if mark.x is None:
        return ""
    if where is None:
        return f" at {mark.x:.4g}"
    if over_levels:
        sparse = f"level {where.level}" if where.sparsity is None else f"{100 * where.sparsity:.1f} % sparsity"
        return f" at {sparse}" if where.level else " when dense"
    steps = {of.k for other in marks if (of := other.cell.where)}
    return f" at k = {where.k}" if where.k and len(steps) == len(marks) else f" at {mark.x:.4g}"


def _number(mark: Mark) -> str:
    return f"{mark.y:{'.1f' if mark.unit.scale != 1 else form_of(mark.y, 1)}}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]

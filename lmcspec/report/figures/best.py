"""`reduce = "best-over:rewind"`: of a family's members the best at each level, chosen on validation images."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from lmcspec.base.members import family, member
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.tidy import Row, measure_of
from lmcspec.report.words import at_levels

WORD = "best-over:"


@dataclass(frozen=True, slots=True)
class Choice:
    """The best member of a family at each level, and the images on which it was chosen."""

    family: str
    axis: str
    rows: Mapping[int, Row]
    """A row of the member that was chosen, by level."""
    split: str

    def label(self, own_lines: Set[str]) -> str:
        """What its line is called: the family's name, unless members of it have lines of their own."""
        lone = any(family(network) == self.family for network in own_lines)
        return f"{self.family}, best {self.axis}" if lone else self.family

    @property
    def words(self) -> str:
        """`imp: 100it at levels 1–3, 500it at level 4`."""
        values: dict[str, list[int]] = {}
        for level, row in self.rows.items():
            if not level:
                continue  # the dense network is no choice
            values.setdefault(member(row.network).get(self.axis, row.network), []).append(level)
        return f"{self.family}: " + ", ".join(f"{value} {at_levels(over)}" for value, over in values.items())


def axis_of(options: Options) -> str | None:
    """What of a family is chosen by `reduce`; None where it asks for nothing that is there."""
    return options.reduce.removeprefix(WORD) if options.reduce and options.reduce.startswith(WORD) else None


def reduced(case: CaseResults, options: Options) -> set[str]:
    """The families of which one member is chosen: those of which the figure shows several."""
    shown = dict.fromkeys(case.networks if options.networks is None else options.networks)
    counts = Counter(map(family, shown))
    return {name for name, count in counts.items() if count > 1}


def apart(options: Options) -> set[str]:
    """Networks that a figure names by themselves beside their family: they keep lines of their own."""
    return {network for network, count in Counter(options.networks or ()).items() if count > 1}


def best(case: CaseResults, y: OnY, options: Options, axis: str) -> list[Choice]:
    """The choices of each family that varies in `axis` and is shown as one, by the mean over replicates at each level.

    Where the study sets validation images aside they decide, else the very images that are shown: then the caption
    has to say so. What is shown is the value of `y` at the choice. Of equals the first in the spec is taken.
    """
    judged = measure_of(y.metric.measure).metrics.like(y.metric, split="validation")
    rows = case.of(y.measures, y.metric, options)
    judges = {(row.network, row.level): row for row in (case.of(y.measures, judged, options) if judged else ())}
    sign = -1.0 if y.metric.quantity == "loss" else 1.0
    choices = []
    families = reduced(case, options)
    varied = [row for row in rows if axis in member(row.network) and family(row.network) in families]
    for name in dict.fromkeys(family(row.network) for row in varied):
        members = [row for row in varied if family(row.network) == name]
        # All members are judged alike: by images that one of them lacks, none is.
        validated = bool(judges) and all((row.network, row.level) in judges for row in members if row.value is not None)
        chosen: dict[int, tuple[float, Row]] = {}
        for row in members:
            cell = case.cell(judges.get((row.network, row.level), row) if validated else row)
            if cell is None:  # what diverged is never the best
                continue
            score = sign * cell.mean
            if row.level not in chosen or score > chosen[row.level][0]:
                chosen[row.level] = (score, row)
        if chosen:
            split = "validation" if validated else y.metric.split
            choices.append(Choice(name, axis, {level: row for level, (_, row) in sorted(chosen.items())}, split))
    return choices


def said(choices: Sequence[Choice]) -> str:
    """Sentences for a caption: where the choice was made, and what it was."""
    if not choices:
        return ""
    axis, splits = choices[0].axis, {choice.split for choice in choices}
    if splits == {"validation"}:
        how = f"At each level the {axis} of the best mean validation result; shown is its value on other images."
    else:
        how = f"At each level the best {axis}, chosen on the {' and '.join(sorted(splits))} images that are shown: "
        how += "the study sets no validation images aside, so these numbers are optimistic."
    return f"{how} Chosen: {'; '.join(choice.words for choice in choices)}."

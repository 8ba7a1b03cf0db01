"""Several studies on one page: their verdicts and figures side by side, and of two what differs between them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lmcspec.report.anchors import anchor_of
from lmcspec.report.compare import Compared, Comparison, compare
from lmcspec.report.page import NOT_ASKED
from lmcspec.report.picture import Picture
from lmcspec.report.results_table import Column
from lmcspec.report.side_by_side import differences, explained
from lmcspec.report.study_part import StudyPart
from lmcspec.report.text_table import TextCell, TextTable
from lmcspec.report.tidy import Row
from lmcspec.report.words import in_its_unit


@dataclass(frozen=True, slots=True)
class PicturePair:
    """A figure that several of the studies have."""

    title: str
    shown: tuple[tuple[str, Picture], ...]
    """(how the study is called, its figure)."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A page of several studies."""

    parts: tuple[StudyPart, ...]
    """Each without the figures that stand side by side."""
    names: tuple[str, ...]
    """How the studies are called on this page, each otherwise."""
    verdicts: TextTable
    differences: TextTable | None
    """A line for each number that both of two studies have; None of more than two."""
    notes: tuple[str, ...]
    """What is to be said beneath the differences."""
    pairs: tuple[PicturePair, ...]

    @property
    def unanswered(self) -> str:
        """Why there is no verdict, where no study has one."""
        why = dict.fromkeys(of_case.unanswered for part in self.parts for of_case in part.page.cases)
        asked = [words for words in why if words != NOT_ASKED]
        return " ".join(asked) or "No study asks for a verdict: the figures and tables below are the answer."

    @property
    def paired(self) -> frozenset[str]:
        """The studies of which a figure stands beside another's."""
        return frozenset(name for pair in self.pairs for name, _ in pair.shown)

    @property
    def title(self) -> str:
        """Those of the studies, each once."""
        titles = dict.fromkeys(part.page.title or part.page.study for part in self.parts)
        return " · ".join(titles)


def joint(parts: Sequence[StudyPart]) -> Joint:
    """The page of these studies, of which each begins its addresses by another name."""
    names = tuple(part.page.prefix.removesuffix("/") for part in parts)
    pairs = _pairs(parts, names)
    paired = {picture.file for pair in pairs for _, picture in pair.shown}
    left = tuple(
        part._replace(pictures=tuple(picture for picture in part.pictures if picture.file not in paired))
        for part in parts
    )
    differences, notes = _differences(parts, names) if len(parts) == 2 else (None, ())
    return Joint(left, names, _verdicts(parts, names), differences, notes, pairs)


def _verdicts(parts: Sequence[StudyPart], names: Sequence[str]) -> TextTable:
    """A line for each network of any study, a column of words for each study; none where no study has a verdict."""
    words: dict[str, dict[str, str]] = {}
    for part, name in zip(parts, names, strict=True):
        for of_case in part.page.cases:
            asked = of_case.unanswered not in ("", NOT_ASKED)
            for network, said in of_case.verdicts or [("", of_case.unanswered)] * asked:
                place = "/".join(filter(None, (of_case.case, network))) or "all networks"
                words.setdefault(place, {})[name] = said
    if not any(of_case.verdicts for part in parts for of_case in part.page.cases):
        words = {}
    lines = ((TextCell(place), *(TextCell(said.get(name, "")) for name in names)) for place, said in words.items())
    return TextTable(("network", *names), tuple(lines), words=len(names))


def _differences(parts: Sequence[StudyPart], names: Sequence[str]) -> tuple[TextTable, tuple[str, ...]]:
    """What both of two studies measure, each number leading to where it comes from; then what only one has."""
    a, b = parts
    compared = compare(a.rows, b.rows, one_store=True)
    alone = all(len({row.case for row in part.rows}) == 1 for part in parts)
    places = [_places(part, alone) for part in parts]
    cases = any(pair.case for pair in compared.both)
    names_of_lines = ["case"] * cases + ["network", "level", "measure"]
    lines = tuple(
        (
            *(TextCell(pair.case) for _ in range(cases)),
            TextCell(pair.network),
            TextCell(str(pair.level)),
            TextCell(Column(pair.measure, pair.metric, k=pair.k, under=pair.under).heading),
            *(
                TextCell(in_its_unit(cell, pair.metric.unit), anchor=of_part[_place(pair)])
                for cell, of_part in zip((pair.a, pair.b), places, strict=True)
            ),
            TextCell(said.strip()),
        )
        for pair, said in zip(compared.both, differences(compared.both), strict=True)
    )
    table = TextTable((*names_of_lines, *names, f"{names[1]} - {names[0]}"), lines, names=len(names_of_lines))
    return table, (*explained(compared, *names), *_only(compared, names))


def _only(compared: Comparison, names: Sequence[str]) -> Iterable[str]:
    for name, count in zip(names, (compared.only_a, compared.only_b), strict=True):
        if count:
            yield f"only {name} measures {count:,} more"


def _places(part: StudyPart, alone: bool) -> Mapping[tuple, str]:
    """The address of each headline of a study, by the place at which it is compared: of two cases whatever they are."""
    return {
        _place(row, "" if alone else row.case): part.page.prefix + anchor_of(row) for row in part.rows if row.headline
    }


def _place(number: Row | Compared, case: str | None = None) -> tuple:
    named = number.case if case is None else case
    return named, number.network, number.level, number.measure, number.metric, number.k, number.under


def _pairs(parts: Sequence[StudyPart], names: Sequence[str]) -> tuple[PicturePair, ...]:
    """The figures of the same name, case and title that at least two of the studies have."""
    alike: dict[tuple[str, str, str], list[tuple[str, Picture]]] = {}
    for part, name in zip(parts, names, strict=True):
        for picture in part.pictures:
            key = picture.case, picture.drawing.name, picture.drawing.title
            alike.setdefault(key, []).append((name, picture))
    return tuple(
        PicturePair(f"{title}, {case}" if case else title, tuple(shown))
        for (case, _, title), shown in alike.items()
        if len(shown) > 1
    )

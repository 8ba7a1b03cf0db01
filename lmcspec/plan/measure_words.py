"""Measures, permutations and figures in words."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lmcspec.base.word_lists import few, joined
from lmcspec.catalog import Config, MeasureCard, get
from lmcspec.catalog.levels import AtSparsity
from lmcspec.plan.graph import Plan
from lmcspec.plan.network_words import family_of
from lmcspec.plan.stage_words import at_step
from lmcspec.spec import Case
from lmcspec.spec.study import Alignment

MOST_NAMED = 8
"""Networks that are named."""
_ALL = "all"


class MeasureWords(NamedTuple):
    """A measure in words."""

    name: str
    text: str
    numbers: int
    """How many it asks for, over networks, levels and replicates."""
    tasks: int
    """The tasks whose results hold them."""


def measure_words(case: Case, plan: Plan) -> Iterator[MeasureWords]:
    """The measures of a case in the order of the spec."""
    for name, config in case.study.measures.items():
        card = get("measure", getattr(config, "kind", name))
        assert isinstance(card, MeasureCard)
        targets = [target for target in plan.targets if (target.case, target.measure) == (case.name, name)]
        tasks = {target.task for target in targets}
        parts = [card.doc, *_details(case, config, card)]
        if targets:
            parts.append(f"{_number(len(targets), 'number')} from {_number(len(tasks), 'task')}")
        yield MeasureWords(name, f"{'; '.join(parts)}.", len(targets), len(tasks))


def permutation_words(case: Case) -> Iterator[tuple[str, str]]:
    """(name, words) of the permutations of a case, families as one."""
    members = {member.name: name for name, family in case.ways.families.items() for member in family.members}
    told: set[str] = set()
    for name, settings in case.study.permutations.items():
        family = members.get(name, name)
        if family in told:
            continue
        told.add(family)
        assert isinstance(settings, Alignment)
        text = _alignment(settings)
        if family in case.ways.families:
            of = case.ways.families[family]
            axes = joined([*of.axes])
            text = f"a family of {len(of.members):,} over {axes}; {name} is: {text}"
        yield family, f"{text}."


def figure_words(case: Case) -> Iterator[tuple[str, str]]:
    """(name, words) of the figures of a case."""
    for name, figure in case.study.figures.items():
        of = f", of {named(case, figure.networks)}" if figure.networks else ""
        yield name, f"{get('plot', figure.plot).doc} ({figure.plot}){of}."


def named(case: Case, networks: Sequence[str]) -> str:
    """Networks by name, families as one, a few of them."""
    names = list(dict.fromkeys(family_of(case, network) for network in networks))
    return few(names, MOST_NAMED) if len(names) > MOST_NAMED else joined(names)


def _details(case: Case, config: Any, card: MeasureCard) -> Iterator[str]:
    networks = getattr(config, "networks", None)
    if networks is not None:
        yield "of all networks" if networks == _ALL else f"of {named(case, networks)}"
    if (levels := getattr(config, "levels", None)) is not None:
        some = "level" if len(levels) == 1 else "levels"
        yield "at all levels" if levels == _ALL else f"at the {some} {', '.join(map(_level, levels))}"
    if at := getattr(config, "at", None):
        yield f"{'from k =' if card.from_k else 'at step'} {', '.join(map(at_step, at))}"
    copies = getattr(config, "copies", 1)
    if copies > 1:
        yield f"{copies:,} copies under different data orders"
    if (points := getattr(config, "points", None)) is not None:
        yield f"{points:,} points a path"
    if under := getattr(config, "under", None) or getattr(config, "between", None):
        yield f"under {', '.join(under)}"
    if (through := getattr(config, "through", None)) is not None:
        yield f"also on the way through training, {_steps(through)}"
    if (threshold := getattr(config, "threshold", None)) is not None:
        yield f"stable is under {100 * threshold:g} points of test error"


def _steps(through: Any) -> str:
    return f"at {', '.join(map(str, through))}" if isinstance(through, tuple) else f"every {through}"


def _level(level: Any) -> str:
    return f"nearest to {level.sparsity:.1%} sparsity" if isinstance(level, AtSparsity) else str(level)


def _alignment(settings: Alignment) -> str:
    written: Config = settings
    method = str(written.model_dump()["method"])
    level = "the level that is looked at" if settings.level == "same" else f"level {settings.level}"
    parts = [f"{method}: {get('matcher', method).doc}; aligns {settings.network} at {level}, step {settings.step}"]
    if settings.via:
        parts.append(f"by way of the {settings.via} partner")
    if (prune := settings.prune) is not None:
        parts.append(f"after {prune.fraction:.3g} of the weights are pruned by {prune.criterion.name}")
    if (rewound := settings.rewind_layers) is not None:
        parts.append(f"with layers from {rewound.step} ({rewound.how} {rewound.layers})")
    return ", ".join(parts)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

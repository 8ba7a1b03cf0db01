"""Networks in words: what each trains on, prunes, rewinds to and shares, how many levels it has and how sparse."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from lmcspec.base.word_lists import joined
from lmcspec.plan.graph import Plan, beneath
from lmcspec.plan.level import Level
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.stage_words import like_words, stage_words, training_set
from lmcspec.spec import Case

MOST_VALUES = 12
"""Values of a family that are listed."""
MOST_SHARING = 4
"""Networks that are named as sharing tasks."""


class NetworkWords(NamedTuple):
    """A network, or a family of networks, in words."""

    name: str
    members: tuple[str, ...]
    text: str
    levels: int
    """The number of the last level; of a family that of the member that is told."""
    sparsity: float | None
    """At that level, as the plan counts it; None where nobody knows it."""
    tasks: int
    """How many tasks its numbers rest on."""
    shared: Mapping[str, int]
    """By network or family how many of these that rests on, too."""


def network_words(case: Case, networks: Mapping[str, NetworkPlan], plan: Plan) -> Iterator[NetworkWords]:
    """The networks of a case in the order of the spec, families as one."""
    families: dict[str, list[str]] = {}
    for name in networks:
        families.setdefault(family_of(case, name), []).append(name)
    resting = {family: _tasks(plan, case.name, frozenset(members)) for family, members in families.items()}
    for family, members in families.items():
        network, mine = networks[members[0]], resting[family]
        levels = plan.levels[case.name, network.name]
        shared = {
            other: count for other, theirs in resting.items() if other != family and (count := len(mine & theirs))
        }
        sentences = [
            _family_words(case, family, members),
            *_what(case, network, levels),
            _how_far(levels),
            _tasks_words(mine, shared),
        ]
        text = " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences if sentence)
        sparsity = levels[-1].sparsity if levels[-1].known else None
        yield NetworkWords(family, tuple(members), text, levels[-1].number, sparsity, len(mine), shared)


def dense_shared(case: Case, networks: Mapping[str, NetworkPlan], plan: Plan) -> list[list[str]]:
    """The measured networks and families that have one dense training for each replicate in common."""
    alike: dict[str, list[str]] = {}
    measured = {target.network for target in plan.targets if target.case == case.name}
    for name in filter(measured.__contains__, networks):
        if (task := plan.roles.get(f"{case.prefix}{name}/s0/l0/train")) is not None:
            alike.setdefault(task, []).append(family_of(case, name))
    groups = [list(dict.fromkeys(names)) for names in alike.values()]
    return [group for group in groups if len(group) > 1]


def family_of(case: Case, name: str) -> str:
    """The family of a network; its own name where it stands alone."""
    family = name.partition("[")[0]
    return family if family in case.families else name


def _tasks(plan: Plan, case: str, names: Set[str]) -> set[str]:
    tops = [
        task
        for target in plan.targets
        if target.case == case and target.network in names
        for task in (target.task, target.mask)
        if task is not None
    ]
    return beneath(plan.tasks, tops, plan.byproducts) - plan.byproducts.keys()


def _family_words(case: Case, family: str, members: Sequence[str]) -> str:
    if family not in case.families:
        return ""
    of = case.families[family]
    axes = []
    for key in of.axes:
        values = list(dict.fromkeys(member.labels[key] for member in of.members))
        more = f" and {len(values) - MOST_VALUES:,} more" if len(values) > MOST_VALUES else ""
        axes.append(f"{key} = {', '.join(values[:MOST_VALUES])}{more}")
    return f"a family of {len(members):,} over {'; '.join(axes)}; what follows is told of {members[0]}"


def _what(case: Case, network: NetworkPlan, levels: Sequence[Level]) -> Iterator[str]:
    """What it is made by: a sentence, or one for each stage with the levels that it makes."""
    if network.like is not None:
        yield like_words(network.like)
    elif not network.stages:
        recipe = network.recipe("real")
        yield f"the dense network, trained on {training_set(case.study, 'real')} by `{recipe}` and never pruned"
    elif len(network.stages) == 1:
        yield stage_words(case.study, network, network.stages[0])
    else:
        for stage in network.stages:
            first, last = stage.entry + 1, stage.entry + stage.rounds
            span = f"levels {first} to {last}" if first < last else f"level {last}"
            words = stage_words(case.study, network, stage)
            to = f", to {levels[last].shown} sparsity" if levels[last].known else ""
            yield f"stage {stage.index + 1}, {span}{to}: {words}"


def _how_far(levels: Sequence[Level]) -> str:
    last = levels[-1]
    if not last.known:
        return f"levels 0 to {last.number}, of which nobody knows yet how sparse they are"
    return f"levels 0 to {last.number}, {last.shown} sparse at the last" if last.number else ""


def _tasks_words(mine: set[str], shared: Mapping[str, int]) -> str:
    if not mine:
        return "nothing measures it"
    count = f"its numbers rest on {len(mine):,} {'task' if len(mine) == 1 else 'tasks'}"
    most = sorted(shared.items(), key=lambda item: -item[1])
    parts = [f"{number:,} with {name}" for name, number in most[:MOST_SHARING]]
    more = [f"some with {len(most) - MOST_SHARING:,} more"] if len(most) > MOST_SHARING else []
    return f"{count}, of which it shares {joined([*parts, *more])}" if most else f"{count} of its own"


def document(words: NetworkWords) -> dict[str, Any]:
    """As plain data."""
    return {**words._asdict(), "members": list(words.members), "shared": dict(words.shared)}

"""The compiler: a validated study becomes tasks and targets."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lmcspec.base.errors import Problem, SpecError
from lmcspec.base.facts import DataFacts
from lmcspec.base.file_names import refuse_undecodable
from lmcspec.catalog import Config, MeasureCard, get
from lmcspec.catalog.code import CodeError, look_again
from lmcspec.plan.alignments import Alignments, partners
from lmcspec.plan.bounds import least_tasks, numbers
from lmcspec.plan.byproducts import find_byproducts
from lmcspec.plan.checks import (
    image_problems,
    milestone_problems,
    origin_problems,
    precision_notes,
    set_problems,
    split_problems,
    step_problems,
    trained_on,
)
from lmcspec.plan.code_checks import code_problems
from lmcspec.plan.gather import gather
from lmcspec.plan.given_notes import shared_notes
from lmcspec.plan.given_tensors import GivenTensors, fit_problems
from lmcspec.plan.graph import Graph, Plan, Question, Series, Target, TooManyTasks, Way, needed
from lmcspec.plan.material import Material
from lmcspec.plan.measures import Request
from lmcspec.plan.measures.request import NoSuchLevel
from lmcspec.plan.model_facts import known_facts
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.networks import lay_out_networks
from lmcspec.plan.of_packages import BrokenCard, asked_of
from lmcspec.plan.partner_checks import partner_problems
from lmcspec.plan.recipe_checks import recipe_problems
from lmcspec.plan.series import series_of
from lmcspec.plan.settings import ResolvedRecipe, resolve_recipe
from lmcspec.plan.subnetworks import Subnetworks
from lmcspec.plan.trainings import StartsAfterEnd, Unsuited
from lmcspec.plan.ways import ways_of
from lmcspec.spec import Case, Loaded
from lmcspec.spec.load import ordered

MAX_TASKS = 100_000
MEANT = (NoSuchLevel, Unsuited, StartsAfterEnd, TooManyTasks)
"""What a measure raises to say what is wrong with the spec."""
NUMBERS_A_TASK = 10
"""Several measures may ask for the result of one task; a study asks for so many numbers a task at most, on average."""


def compile_study(loaded: Loaded, *, max_tasks: int = MAX_TASKS, facts_folder: Path | None = None) -> Plan:
    """Every task and target of every case. Raises SpecError with all cross-field problems, by position."""
    look_again()
    graph = Graph(limit=max_tasks)
    targets: list[Target] = []
    networks: dict[tuple[str, str], NetworkPlan] = {}
    neutral: dict[str, Mapping[str, Any]] = {}
    missing: dict[str, str] = {}
    facts: dict[str, DataFacts] = {}
    images: dict[str, int] = {}
    notes: list[str] = []
    verdicts: list[Question] = []
    series: list[Series] = []
    ways: list[Way] = []
    problems: list[Problem] = []
    given: list[tuple[Case, GivenTensors, Iterable[NetworkPlan]]] = []
    for case in loaded.cases:
        compilation = _Case(case, loaded, graph, problems, notes, facts_folder)
        try:
            targets += compilation.compile()
        except TooManyTasks:
            problems.append(
                case.origins.problem(
                    "E406",
                    f"the study has more than {max_tasks:,} tasks",
                    ("measures",),
                    at="key",
                    help="name fewer levels or copies in its measures, or allow more with --max-tasks",
                )
            )
            break
        networks |= {(case.name, name): network for name, network in compilation.networks.items()}
        if (material := compilation.material) is not None:
            neutral |= material.neutral
            missing |= material.missing
            facts |= material.facts
            images |= material.images
            if material.given.weights or material.given.masks:
                given.append((case, material.given, compilation.networks.values()))
        verdicts += compilation.verdicts
        series += compilation.series
        ways += compilation.ways
    if problems:
        raise SpecError(ordered(problems, loaded.sources), loaded.sources)
    for place in (str(value) for where in neutral.values() for value in where.values()):
        refuse_undecodable(place, "the path of data")
    if given:
        from lmcspec.plan.counted_once import counted_once  # planning starts faster without, where no file is

        once = counted_once(graph.tasks, targets)
        targets = list(once.targets)
        notes += [*once.notes, *(note for of_case in given for note in shared_notes(*of_case, once.apart))]
    tasks = needed(graph.tasks, tuple(targets))
    plan = Plan(
        study=loaded.name,
        tasks=tasks,
        roles={role: task for role, task in graph.roles.items() if task in tasks},
        targets=tuple(targets),
        levels={place: network.levels for place, network in networks.items()},
        byproducts=find_byproducts(tasks),
        neutral=neutral,
        facts=facts,
        images=images,
        missing=missing,
        notes=tuple(dict.fromkeys(notes)),
        verdicts=tuple(verdicts),
        series=tuple(series),
        permutations=tuple(ways),
        on_collapse=loaded.cases[0].study.on_collapse,
        networks=networks,
    )
    if any(case.study.figures for case in loaded.cases):
        from lmcspec.plan.figure_checks import figure_problems  # planning starts faster without, where none are

        if problems := figure_problems(plan, loaded.cases):
            raise SpecError(ordered(problems, loaded.sources), loaded.sources)
    return plan


class _Recipes(dict[tuple[str, str], ResolvedRecipe]):
    """By (recipe, training set), resolved once asked for: on a set it never meets a recipe may mean nothing."""

    def __init__(self, case: Case, images: Mapping[str, int]) -> None:
        super().__init__()
        self._written, self._images = case.study.recipes, images

    def __missing__(self, pair: tuple[str, str]) -> ResolvedRecipe:
        name, on = pair
        return self.setdefault(pair, resolve_recipe(self._written[name], self._images[on]))


class _Case:
    """Compiling one case: first everything that can be wrong, then the tasks."""

    def __init__(
        self,
        case: Case,
        loaded: Loaded,
        graph: Graph,
        problems: list[Problem],
        notes: list[str],
        facts_folder: Path | None,
    ) -> None:
        self.case, self.loaded, self.graph, self.facts_folder = case, loaded, graph, facts_folder
        self.problems, self.notes = problems, notes
        self.material: Material | None = None
        self.networks: dict[str, NetworkPlan] = {}
        self.verdicts: list[Question] = []
        self.series: list[Series] = []
        self.ways: list[Way] = []

    def compile(self) -> list[Target]:
        before, self.graph.measure = len(self.problems), ""
        self.problems += code_problems(self.case)
        self.problems += partner_problems(self.case)
        if len(self.problems) > before:
            return []
        material = self.material = gather(self.case, self.loaded, self.graph, self.problems, self.notes)
        if material is None:
            return []
        model_facts = known_facts(material.model, self.facts_folder)
        self.problems += fit_problems(self.case, material.given, model_facts)
        if len(self.problems) > before:
            return []
        self.networks = lay_out_networks(self.case, model_facts, self.problems, self.notes, material.given)
        images = {training_set.name: training_set.images for training_set in (material.real, *material.sets.values())}
        trained = trained_on(self.case, self.networks)
        self.problems += recipe_problems(self.case, ((name, images[on]) for name, on in trained))
        if len(self.problems) > before:
            return []
        recipes = _Recipes(self.case, images)
        self.problems += step_problems(self.case, self.networks, recipes)
        self.problems += origin_problems(self.case, self.networks, recipes)
        if self.case.study.permutations:
            from lmcspec.plan.alignment_checks import Known, alignment_problems  # planning starts faster without

            known = Known(material.model, model_facts)
            self.problems += alignment_problems(self.case, self.networks, recipes, known, self.notes)
        self.problems += milestone_problems(self.case, self.networks, recipes)
        self.problems += split_problems(self.case)
        self.problems += image_problems(self.case, material.facts[material.data.digest])
        self.problems += set_problems(self.case, material.facts[material.data.digest])
        if len(self.problems) > before:
            return []
        laid_out = self.case, self.networks, recipes
        if least_tasks(*laid_out) > self.graph.limit or numbers(*laid_out) > NUMBERS_A_TASK * self.graph.limit:
            raise TooManyTasks
        self.notes += precision_notes(self.case)
        self.series = [series_of(self.case.name, network, material, recipes) for network in self.networks.values()]
        self.ways = list(ways_of(self.case, self.networks, recipes))
        emit = Subnetworks(
            graph=self.graph,
            prefix=self.case.prefix,
            model=material.model,
            data=material.data,
            real=material.real,
            sets=material.sets,
            recipes=recipes,
            given=material.given,
        )
        pairs = partners(self.case.study.replicates, self.case.study.partners)
        alignments = Alignments(emit, self.networks, self.case.study.permutations, pairs, self.case.ways)
        emit.carried = alignments.carried
        return self._targets(emit, alignments)

    def _targets(self, emit: Subnetworks, alignments: Alignments) -> list[Target]:
        asked: list[Target] = []
        for name, measure in self.case.study.measures.items():
            wanted: Any = getattr(measure, "networks", "all")
            chosen = list(self.networks) if wanted == "all" else list(dict.fromkeys(wanted))
            request = Request(
                name=name,
                case=self.case.name,
                config=measure,
                networks=[self.networks[network] for network in chosen if network in self.networks],
                replicates=self.case.study.replicates,
                emit=emit,
                notes=self.notes,
                alignments=alignments,
                every=self.networks,
            )
            card = get("measure", getattr(measure, "kind", name))
            assert isinstance(card, MeasureCard)
            self.graph.measure = name
            try:
                targets = asked_of(card, _targets_of, card, request, but=MEANT)
            except BrokenCard as error:
                self._problem("E429", str(error), ("measures", name), help=error.help)
                continue
            except CodeError as error:
                self._problem("E428", str(error), ("measures", name), help=error.help)
                continue
            except NoSuchLevel as error:
                place = () if error.index is None else (error.index,)
                self._problem("E403", str(error), ("measures", name, "levels", *place))
                continue
            except Unsuited as error:
                self._problem(error.code, str(error), error.path or ("measures", name), help=error.help)
                continue
            except StartsAfterEnd as error:
                self._problem("E401", str(error), error.path, help="start earlier, or measure with a longer recipe")
                continue
            if not targets and _beyond_all(measure, request):
                message = "none of its networks has such a level: nothing is pruned in them"
                self._problem("E403", message, ("measures", name, "levels"), help='say `levels = ["dense"]`')
                continue
            if not targets and card.from_k:
                self._problem(
                    "E405",
                    "every k lies before the rewind point of every network it is measured on: nothing is left to do",
                    ("measures", name, "at"),
                    help='say `at = ["rewind"]`',
                )
            asked += targets
            if card.verdict:
                self.verdicts.append(
                    Question(
                        case=self.case.name,
                        measure=name,
                        kind=card.verdict,
                        networks=tuple(chosen),
                        threshold=getattr(measure, "threshold", 0.0),
                        reads=getattr(measure, card.reads) if card.reads else "",
                    )
                )
        return asked

    def _problem(self, code: str, message: str, path: tuple, help: str = "") -> None:
        self.problems.append(self.case.origins.problem(code, message, path, help=help))


def _beyond_all(measure: Config, request: Request) -> bool:
    """Whether all levels of a measure are further ones of networks that have the dense one alone."""
    levels = getattr(measure, "levels", None)
    numbered = isinstance(levels, tuple) and all(isinstance(level, int) and level for level in levels)
    return numbered and bool(request.networks) and all(len(network.levels) == 1 for network in request.networks)


def _targets_of(card: MeasureCard, request: Request) -> list[Target]:
    targets = list(card.load()(request))
    if strange := [target for target in targets if not isinstance(target, Target)]:
        raise TypeError(f"its targets are no Targets, such as {strange[0]!r}")
    tasks = [request.emit.graph.tasks[target.task] for target in targets]
    if bare := [task.kind for task in tasks if not hasattr(task.params, "model")]:
        raise TypeError(f"the parameters of the kind of task {bare[0]} lack `model`, the study's")
    return targets

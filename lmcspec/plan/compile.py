"""The compiler: a validated study becomes tasks and targets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmcspec.base.errors import BlockedError, Problem, SpecError
from lmcspec.base.facts import DataFacts, ModelFacts
from lmcspec.base.steps import Step
from lmcspec.catalog import get, identity
from lmcspec.plan.facts import FoundData, data_facts, distilled_facts
from lmcspec.plan.graph import Graph, Level, Plan, Target, TooManyTasks, Verdict, find_byproducts, needed
from lmcspec.plan.levels import LevelError, StagePlan, lay_out
from lmcspec.plan.measures import Request
from lmcspec.plan.measures.request import NoSuchLevel
from lmcspec.plan.model_facts import known_facts
from lmcspec.plan.settings import ResolvedRecipe, TrainingSet, data_part, model_part, resolve_recipe
from lmcspec.plan.subnetworks import NetworkPlan, Subnetworks
from lmcspec.spec import Case, Loaded
from lmcspec.spec.load import ordered
from lmcspec.spec.study import Like, LoadedSet, Study
from lmcspec.tasks import Part
from lmcspec.tasks.distill import Distill

MAX_TASKS = 100_000


def compile_study(loaded: Loaded, *, max_tasks: int = MAX_TASKS, facts_folder: Path | None = None) -> Plan:
    """Every task and target of every case. Raises SpecError with all cross-field problems, by position."""
    graph = Graph(limit=max_tasks)
    targets: list[Target] = []
    levels: dict[tuple[str, str], tuple[Level, ...]] = {}
    neutral: dict[str, Mapping] = {}
    missing: dict[str, str] = {}
    facts: dict[str, DataFacts] = {}
    images: dict[str, int] = {}
    notes: list[str] = []
    verdicts: list[Verdict] = []
    problems: list[Problem] = []
    for case in loaded.cases:
        compilation = _Case(case, loaded.path.parent, graph, problems, notes, facts_folder)
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
        levels |= {(case.name, name): network.levels for name, network in compilation.networks.items()}
        neutral |= compilation.neutral
        missing |= compilation.missing
        facts |= compilation.located
        images |= compilation.images
        verdicts += compilation.verdicts
    if problems:
        raise SpecError(ordered(problems, loaded.sources), loaded.sources)
    tasks = needed(graph.tasks, tuple(targets))
    return Plan(
        study=loaded.name,
        tasks=tasks,
        roles={role: task for role, task in graph.roles.items() if task in tasks},
        targets=tuple(targets),
        levels=levels,
        byproducts=find_byproducts(tasks),
        neutral=neutral,
        facts=facts,
        images=images,
        missing=missing,
        notes=tuple(dict.fromkeys(notes)),
        verdicts=tuple(verdicts),
        on_collapse=loaded.cases[0].study.on_collapse,
    )


class _Case:
    """Compiling one case: first everything that can be wrong, then the tasks."""

    def __init__(
        self,
        case: Case,
        base: Path,
        graph: Graph,
        problems: list[Problem],
        notes: list[str],
        facts_folder: Path | None,
    ) -> None:
        self.case, self.base, self.graph = case, base, graph
        self.problems, self.notes = problems, notes
        self.study: Study = case.study
        self.networks: dict[str, NetworkPlan] = {}
        self.neutral: dict[str, Mapping] = {}
        self.missing: dict[str, str] = {}
        self.located: dict[str, DataFacts] = {}
        self.images: dict[str, int] = {}
        self.verdicts: list[Verdict] = []
        self.found: FoundData = data_facts(self.study.dataset, self._folder(("dataset", "root")))
        self.model = model_part(self.study, self.facts)
        self.model_facts: ModelFacts | None = known_facts(self.model, facts_folder)

    @property
    def facts(self) -> DataFacts:
        return self.found.facts

    def _folder(self, path: tuple) -> Path:
        """Where a relative path starts: at the file that says it, or here for one on the command line."""
        origin = self.case.origins.of(path)
        if origin.source == "--set":
            return Path.cwd()
        return Path(origin.value_span.file).parent if origin.value_span else self.base

    def problem(self, code: str, message: str, path: tuple, help: str = "") -> None:
        self.problems.append(self.case.origins.problem(code, message, path, help=help))

    def compile(self) -> list[Target]:
        before = len(self.problems)
        try:
            data = data_part(self.study, self.facts)
        except ValueError as error:
            self.problem("E404", str(error), ("dataset",))
            return []
        self._locate(data)
        real = TrainingSet("real", self.facts.train)
        sets = self._distilled_sets(data)
        self.images = {one.task or (one.file.digest if one.file else ""): one.images for one in sets.values()}
        self.networks = self._lay_out_networks()
        recipes = self._resolve_recipes(real, sets)
        self._check_steps(recipes)
        self._check_milestones(recipes)
        if len(self.problems) > before:
            return []
        emit = Subnetworks(
            graph=self.graph,
            prefix=f"{self.case.name}/" if self.case.name else "",
            model=self.model,
            data=data,
            real=real,
            sets=sets,
            recipes=recipes,
        )
        return self._targets(emit)

    def _locate(self, data: Part) -> None:
        table = self.study.dataset
        config = {key: value for key, value in table.model_dump(mode="json").items() if key not in ("root", "space")}
        root = str(self.found.root) if self.found.root else None
        self.neutral[data.digest] = {"config": config, "root": root}
        self.located[data.digest] = self.facts
        if self.found.missing:
            self.missing[data.digest] = self.found.missing

    def _distilled_sets(self, data: Part) -> dict[str, TrainingSet]:
        sets = {}
        for name, entry in self.study.distilled.items():
            if isinstance(entry, LoadedSet):
                sets[name] = self._loaded_set(name, entry, data)
                continue
            config = identity(entry)
            seed = config.pop("seed", 0)
            params = Distill(Part.of(config), self.model, data)
            prefix = f"{self.case.name}/" if self.case.name else ""
            task = self.graph.add("distill", params, seeds={"seed": seed}, role=f"{prefix}distilled/{name}")
            sets[name] = TrainingSet(name, config["ipc"] * self.facts.classes, task=task)
        return sets

    def _loaded_set(self, name: str, entry: LoadedSet, data: Part) -> TrainingSet:
        path = (self._folder(("distilled", name, "load")) / Path(entry.load).expanduser()).resolve()
        space = data.value["space"]
        if entry.space.name != space["name"]:
            self.problem(
                "E404",
                f"the distilled set {name!r} is declared in the space {entry.space.name!r}, "
                f"the study's data are in {space['name']!r}",
                ("distilled", name, "space"),
                help="give both the same: a set trains only with data in its own space",
            )
        try:
            file = distilled_facts(path, self.facts)
        except FileNotFoundError as error:
            part = Part.of({"missing": entry.load})
            self.missing[part.digest] = str(error)
            return TrainingSet(name, (entry.ipc or 10) * self.facts.classes, file=part)
        except BlockedError as error:
            self.problem("E404", str(error), ("distilled", name, "load"), help=error.help)
            return TrainingSet(name, 1, file=Part.of({"broken": name}))
        part = Part.of({"digest": file.digest, "space": space, "images": file.train})
        self.neutral[part.digest] = {"file": str(path), "space": entry.space.name}
        return TrainingSet(name, file.train, file=part)

    def _lay_out_networks(self) -> dict[str, NetworkPlan]:
        laid: dict[str, NetworkPlan] = {}
        written = self.study.networks
        for name, network in sorted(written.items(), key=lambda item: isinstance(item[1], Like)):
            if isinstance(network, Like):
                original = laid.get(network.like)
                if original is not None:
                    laid[name] = NetworkPlan(
                        name, original.stages, original.levels, network, original, self._renamed(name)
                    )
                continue
            shares = tuple(
                self._excluded_share(stage.exclude, ("networks", name, index, "exclude"), stage.sparsity is not None)
                for index, stage in enumerate(network)
            )
            try:
                stages, levels = lay_out(network, shares)
            except LevelError as error:
                at = self._stage_of(error, network, name, shares)
                self.problem(error.code, str(error), at, help=error.help)
                continue
            laid[name] = NetworkPlan(name, stages, levels, renamed=self._renamed(name))
            self._warn_of_sparsity(name, stages)
        return {name: laid[name] for name in written if name in laid}

    def _renamed(self, network: str) -> dict[str, str]:
        return {name: self.case.recipe(network, name) for name in self._written_recipes}

    @property
    def _written_recipes(self) -> set[str]:
        """Recipe names as networks and measures use them: of a family, its own name, not its members'."""
        members = {name for family in self.case.families.values() for one in family.members for name in one.recipes}
        return {*self.study.recipes, *members}

    def _stage_of(self, error: LevelError, network: tuple, name: str, shares: tuple[float, ...]) -> tuple:
        for count in range(1, len(network) + 1):
            try:
                lay_out(network[:count], shares[:count])
            except LevelError:
                return ("networks", name, count - 1, error.key)
        return ("networks", name)

    def _excluded_share(self, exclude: tuple[str, ...], path: tuple, matters: bool) -> float:
        if not exclude:
            return 0.0
        if self.model_facts is None:
            if matters:
                self.problem(
                    "E407",
                    "how many rounds a sparsity takes depends on the share of the excluded weights, "
                    "and this model's shapes are not known yet",
                    path,
                    help="lmcspec plan --facts SPEC",
                )
            return 0.0
        sizes = dict(self.model_facts.sizes)
        unknown = [layer for layer in exclude if f"{layer}.weight" not in sizes]
        for layer in unknown:
            names = ", ".join(name.removesuffix(".weight") for name in sizes)
            self.problem(
                "E409",
                f"the model has no layer {layer!r} with prunable weights; it has {names}",
                (*path, exclude.index(layer)),
            )
        total = sum(sizes.values())
        return sum(sizes[f"{layer}.weight"] for layer in set(exclude) - set(unknown)) / total

    def _warn_of_sparsity(self, name: str, stages: tuple[StagePlan, ...]) -> None:
        for stage in stages:
            wanted = stage.stage.sparsity
            if wanted is not None and abs(1 - stage.density - wanted) > 0.02:
                self.notes.append(
                    f"{name}: stage {stage.index + 1} asks for {wanted:.1%} sparsity, "
                    f"and reaches {1 - stage.density:.1%} "
                    f"in {stage.rounds} rounds of {stage.fraction:.0%}; say `exact = true` to get it exactly"
                )

    def _resolve_recipes(
        self, real: TrainingSet, sets: Mapping[str, TrainingSet]
    ) -> dict[tuple[str, str], ResolvedRecipe]:
        images = {"real": real.images} | {name: one.images for name, one in sets.items()}
        return {
            (name, on): resolve_recipe(recipe, count)
            for name, recipe in self.study.recipes.items()
            for on, count in images.items()
        }

    def _check_steps(self, recipes: Mapping[tuple[str, str], ResolvedRecipe]) -> None:
        for name, network in self.networks.items():
            for stage in network.stages if network.like is None else ():
                on = stage.stage.data
                recipe = recipes[network.recipe(stage.stage.recipe or ("real" if on == "real" else "distilled")), on]
                for key in ("rewind", "schedule_from"):
                    step = getattr(stage.stage, key)
                    if step is not None:
                        self._check_step(key, step, recipe, ("networks", name, stage.index, key))
        for name, measure in self.study.measures.items():
            evaluate = getattr(measure, "evaluate", None) or "real"
            for recipe in {network.recipe(evaluate): None for network in self.networks.values()}:
                for index, step in enumerate(getattr(measure, "at", ())):
                    if step != "rewind":
                        self._check_step("k", step, recipes[recipe, "real"], ("measures", name, "at", index))

    def _check_milestones(self, recipes: Mapping[tuple[str, str], ResolvedRecipe]) -> None:
        """A rate that never drops because its milestone lies beyond the end is a mistake of whoever cut the length."""
        used = {(network.recipe(name), "real") for network in self.networks.values() for name in self._measured_with()}
        for network in self.networks.values():
            for stage in network.stages if network.like is None else ():
                on = stage.stage.data
                used.add((network.recipe(stage.stage.recipe or ("real" if on == "real" else "distilled")), on))
        for name, on in sorted(used):
            resolved, schedule = recipes[name, on], self.study.recipes[name].schedule
            for index, step in enumerate(getattr(schedule, "at", ())):
                if resolved.updates(step) >= resolved.recipe.length:
                    self.problem(
                        "E408",
                        f"the milestone {step} is update {resolved.updates(step)}, "
                        f"but training ends after {resolved.recipe.length}: the rate never drops there",
                        ("recipes", name, "schedule", "at", index),
                        help="move it before the end, or leave it out",
                    )

    def _measured_with(self) -> set[str]:
        """The recipes with which levels are trained to be measured, as they are written."""
        stages = [stage.stage for network in self.networks.values() for stage in network.stages]
        named = [getattr(measure, "evaluate", None) for measure in self.study.measures.values()]
        return {"real", *filter(None, named), *(stage.retrain for stage in stages if stage.retrain)}

    def _check_step(self, what: str, step: Step, recipe: ResolvedRecipe, path: tuple) -> None:
        if step != Step() and recipe.updates(step) >= recipe.recipe.length:
            self.problem(
                "E401",
                f"{what} = {step} is update {recipe.updates(step)}, "
                f"but training ends after {recipe.recipe.length} ({recipe.per_epoch} an epoch)",
                path,
                help=f"give a step below {recipe.recipe.length}it",
            )

    def _targets(self, emit: Subnetworks) -> list[Target]:
        found: list[Target] = []
        for name, measure in self.study.measures.items():
            wanted: Any = getattr(measure, "networks", "all")
            chosen = list(self.networks) if wanted == "all" else list(wanted)
            request = Request(
                name=name,
                case=self.case.name,
                config=measure,
                networks=[self.networks[one] for one in chosen if one in self.networks],
                replicates=self.study.replicates,
                emit=emit,
                notes=self.notes,
            )
            kind: str = getattr(measure, "kind", name)
            try:
                targets = get("measure", kind).load()(request)
            except NoSuchLevel as error:
                self.problem("E403", str(error), ("measures", name, "levels", error.index))
                continue
            if not targets and kind == "stability":
                self.problem(
                    "E405",
                    "every k lies before the rewind point of every network it is measured on: nothing is left to do",
                    ("measures", name, "at"),
                    help='say `at = ["rewind"]`',
                )
            found += targets
            if kind in ("stability", "matching"):
                self.verdicts.append(
                    Verdict(
                        case=self.case.name,
                        measure=name,
                        kind=kind,
                        networks=tuple(chosen),
                        threshold=getattr(measure, "threshold", 0.0),
                        reads=getattr(measure, "accuracy", ""),
                    )
                )
        return found

"""Loading a spec: files, --set, sweep, recipes, families, references, validation; every problem at once."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from lmcspec.base.errors import Problem, SpecError
from lmcspec.base.file_names import refuse_undecodable
from lmcspec.catalog import names
from lmcspec.spec.extends import Files
from lmcspec.spec.families import expanded
from lmcspec.spec.family import Family, Ways
from lmcspec.spec.inherit import with_inherited
from lmcspec.spec.located import Located, located
from lmcspec.spec.origins import Origins
from lmcspec.spec.overrides import FILE as SET
from lmcspec.spec.overrides import overridden, set_source
from lmcspec.spec.paths import Path
from lmcspec.spec.phrases import in_words
from lmcspec.spec.preset_files import preset_sources
from lmcspec.spec.protocols import with_protocols
from lmcspec.spec.references import reference_problems
from lmcspec.spec.size import MOST_IN_CASES
from lmcspec.spec.study import Study
from lmcspec.spec.study_model import study_model
from lmcspec.spec.sweep import swept
from lmcspec.spec.tree import Node, items, plain, walk, with_key
from lmcspec.spec.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Case:
    """One study of the spec, validated, with where everything in it comes from."""

    name: str
    """Empty without a sweep, else such as `lr=0.1,width=8`, or the case's own name."""
    study: Study
    tree: dict[str, Any]
    """The resolved plain tree: as written, with files, presets, families and the case's values filled in."""
    origins: Origins
    written: Node
    """Its tree as it was read, with what is gone from the resolved one: `each`, and `extends` of what has a name."""
    families: Mapping[str, Family] = field(default_factory=dict)
    """Families of networks by the name under which they were written; members in order."""
    ways: Ways = field(default_factory=Ways)
    """Families of permutations, and which of their members go with which network."""

    @property
    def prefix(self) -> str:
        """What the names of its targets begin with."""
        return f"{self.name}/" if self.name else ""

    def recipe(self, network: str, name: str) -> str:
        """The recipe that `name` means for a network: itself, or the member of a recipe family that is its own."""
        member = self.ways.networks.get(network)
        return name if member is None else member.recipes.get(name, name)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A spec as read: its cases, and the files it came from."""

    path: FilePath
    name: str
    cases: tuple[Case, ...]
    files: tuple[FilePath, ...]
    written: Node
    """The tree before there are cases: with `sweep`, and what the spec's own file `extends`."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """The texts to which spans point, by the file they name; `--set` has one argument a line."""
    ships: str = ""
    """The name under which the spec ships with lmcspec, where it was called so and not by a path."""
    shipped: frozenset[str] = frozenset()
    """Those of its files that were called so, it or what it extends."""

    def folder_of(self, case: Case, path: Path) -> FilePath:
        """Where a relative path begins that stands at `path` of a case: in the folder of the file that says it.

        It begins where the command is typed if --set says it, or a file that ships and was called by its name.
        """
        origin = case.origins.of(path)
        file = origin.value_span.file if origin.value_span else str(self.path)
        return FilePath.cwd() if origin.source == SET or file in self.shipped else FilePath(file).parent


def load(path: FilePath, sets: Sequence[str] = (), *, text: str | None = None) -> Loaded:
    """Read a spec, with `sets` as by `--set`. `text` stands in for the file's content; its path still names it.

    The path may lack its ending, or be the name of a spec that ships. Raises SpecError with every problem found, in
    order of position.
    """
    for setting in sets:
        refuse_undecodable(setting, "--set")
    files = Files()
    try:
        file = located(FilePath(path)) if text is None else Located(FilePath(path))
    except Unreadable as error:
        raise SpecError([error.problem]) from None
    refuse_undecodable(str(file.path.absolute()), "the path of the spec")
    root = files.read(file, text)
    sources = {file: source.text for file, source in files.sources.items()}
    if root is None or files.problems:
        raise SpecError(ordered(files.problems, sources), sources)
    sources |= {SET: set_source(sets)} if sets else {}
    if not isinstance(root.value, dict):
        wrong = Problem("E105", f"a spec is a table, not {in_words(plain(root))}", root.span)
        raise SpecError([wrong], sources)
    given = overridden(root, sets)
    sweep = swept(given.root, given.paths)
    problems = [*given.problems, *sweep.problems]
    values = len(sweep.cases) * sum(1 for _ in walk(root))
    if values > MOST_IN_CASES:
        message = (
            f"the {len(sweep.cases):,} cases of the sweep hold {values:,} values; at most {MOST_IN_CASES:,} are read"
        )
        raise SpecError([Problem("E312", message, root.span, help="sweep over less, or split the spec")], sources)
    cases = [case for name, tree in sweep.cases if (case := _case(name, tree, problems, sources)) is not None]
    sources |= {file: source.text for file, source in preset_sources().items()}
    if problems:
        raise SpecError(ordered(problems, sources), sources)
    written = given.root if files.extends is None else with_key(given.root, "extends", files.extends)
    return Loaded(
        file.path,
        cases[0].study.study,
        tuple(cases),
        tuple(files.paths),
        written,
        sources,
        file.name,
        frozenset(files.shipped),
    )


def _case(name: str, root: Node, problems: list[Problem], sources: Mapping[str, str]) -> Case | None:
    """Resolve and validate one case. What is wrong goes to `problems`; the case is None then."""
    found_wrong: list[Problem] = []
    failed: set[Path] = set()
    written = root
    for table in ("distilled", "measures", "networks", "recipes"):
        # A measure may ask for a recipe that nobody has to write.
        root, wrong_here, failed_here = with_inherited(with_protocols(root) if table == "recipes" else root, table)
        found_wrong, failed = [*found_wrong, *wrong_here], failed | failed_here
    families = expanded(root)
    failed |= families.failed
    origins = Origins(families.root)
    tree = plain(families.root)
    wrong = [*found_wrong, *families.problems, *_infinities(origins), *reference_problems(root, families)]
    study = None
    used = _used_names(families.root)
    try:
        study = study_model(used).model_validate(tree)
    except ValidationError:
        plugged = any(name not in names(kind, plugged=False) for kind, told in used.items() for name in told)
        model = study_model(plugged=plugged)
        try:
            study = model.model_validate(tree)
        except ValidationError as error:
            from lmcspec.spec.problems import from_validation  # words for mistakes, which most specs don't need

            wrong += from_validation(error, model, tree, origins, failed, sources)
    problems += wrong
    if study is None or wrong:
        return None
    return Case(name, study, tree, origins, written, families.families, families.ways)


def _infinities(origins: Origins) -> list[Problem]:
    return [
        origins.problem("E111", f"`{path[-1]}` must be a finite number, not {node.value}", path)
        for path, node in walk(origins.root)
        if isinstance(node.value, float) and not math.isfinite(node.value)
    ]


def _used_names(root: Node) -> dict[str, frozenset[str]]:
    """The names of cards that the spec uses, by kind: a name that isn't built in makes plug-ins be looked for."""
    used: dict[str, set[str]] = {}

    def note(kind: str, node: Node | None, key: str = "name") -> None:
        told = node.get(key) if node is not None and isinstance(node.value, dict) else node
        if told is not None and isinstance(told.value, str):
            used.setdefault(kind, set()).add(told.value)

    note("model", root.get("model"))
    note("dataset", root.get("dataset"))
    for _, node in items(root, "distilled"):
        note("dataset", node.get("dataset"))
        if node.get("method") is not None:
            note("distiller", node, "method")
            note("model", node.get("model"))
    for _, node in items(root, "permutations"):
        note("matcher", node, "method")
        note("criterion", prune.get("criterion") if (prune := node.get("prune")) is not None else None)
    for name, node in items(root, "measures"):
        if node.get("kind") is not None:
            note("measure", node, "kind")
        elif isinstance(node.value, dict):
            used.setdefault("measure", set()).add(name)
    for _, node in items(root, "recipes"):
        note("optimiser", node.get("optimiser"))
        note("schedule", node.get("schedule"))
    for _, node in items(root, "figures"):
        note("plot", node.get("plot"))
    for _, node in items(root, "networks"):
        for stage in node.elements():
            note("criterion", stage.get("criterion"))
    return {kind: frozenset(names) for kind, names in used.items()}


def ordered(problems: Iterable[Problem], sources: Mapping[str, str]) -> list[Problem]:
    """The problems by position, the spec's first, then those of what it extends, then of --set; each is said once."""
    order = {file: index for index, file in enumerate(sources)}
    kept = {(problem.code, problem.message, problem.span): problem for problem in reversed(list(problems))}

    def position(problem: Problem) -> tuple[int, int, int, str]:
        if problem.span is None:
            return (-1, 0, 0, problem.code)
        return (order.get(problem.span.file, len(order)), problem.span.line, problem.span.column, problem.code)

    return sorted(kept.values(), key=position)

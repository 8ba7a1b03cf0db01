"""A plan as one JSON document: saved by `plan -o`, executed by `run plan.json`, recorded with every run."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from graphlib import TopologicalSorter
from typing import Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from lmcspec.base.errors import LmcspecError, StoreError
from lmcspec.base.facts import DataFacts
from lmcspec.base.ids import short
from lmcspec.base.visible import one_line
from lmcspec.catalog.plugged import brings_cards
from lmcspec.plan.byproducts import find_byproducts
from lmcspec.plan.cost import work
from lmcspec.plan.facts import absent_data
from lmcspec.plan.graph import Plan, Question, Series, Target, Way
from lmcspec.plan.integrity import AGAIN, SEAL, check_parts, check_references, check_seal, seal
from lmcspec.plan.level import Level
from lmcspec.plan.model_facts import structure
from lmcspec.tasks import Kind, decode, kind, make, parts_of
from lmcspec.tasks.code import check_code

SCHEMA = "lmcspec/plan/1"


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan with every shared part once, by its digest, and a seal over all of it."""
    parts: dict[str, Any] = {}
    for task in plan.tasks.values():
        for part in parts_of(task.params):
            parts.setdefault(part.digest, part.value)

    def used(known: Mapping[str, Any]) -> dict[str, Any]:
        """The entries of a mapping by digest on which tasks of the plan rest."""
        return {name: value for name, value in known.items() if name in parts or name in plan.tasks}

    document = {
        "schema": SCHEMA,
        "study": plan.study,
        "parts": parts,
        "tasks": {
            identifier: {**task.document, "label": task.label, "keep": task.keep}
            for identifier, task in plan.tasks.items()
        },
        "roles": dict(plan.roles),
        "targets": [asdict(target) for target in plan.targets],
        "levels": [
            {"case": case, "network": network, "levels": [asdict(level) for level in levels]}
            for (case, network), levels in plan.levels.items()
        ],
        "neutral": {digest: dict(value) for digest, value in used(plan.neutral).items()},
        "facts": {digest: asdict(value) for digest, value in used(plan.facts).items()},
        "images": used(plan.images),
        "missing": used(plan.missing),
        "notes": list(plan.notes),
        "verdicts": [asdict(verdict) for verdict in plan.verdicts],
        "series": [asdict(series) for series in plan.series],
        "permutations": [asdict(way) for way in plan.permutations],
        "on_collapse": plan.on_collapse,
    }
    return {**document, SEAL: seal(document)}


def read_document(document: Any) -> Plan:
    """A saved plan that is to be carried out: as `from_document`, sealed, and its data must be those it was made for.

    Where they are not here, what needs them is blocked: the plan may have come from another machine.

    Raises StoreError.
    """
    plan = from_document(document, sealed=True)
    _check_usable(plan)
    shape = next(iter(plan.facts.values()), None)
    try:
        absent = absent_data(plan.neutral, document["parts"], shape)
        check_code(((kind(task.kind), task.params) for task in plan.tasks.values()), plan.neutral)
    except LmcspecError as error:
        raise StoreError(f"the plan is stale: {error}", help=AGAIN) from error
    except MALFORMED as error:
        moved = f"where its data lie can't be told: {shape_error(error)}"
        raise StoreError(f"the plan is stale: {moved}", help=AGAIN) from error
    return replace(plan, missing={**plan.missing, **absent}) if absent else plan


def _check_usable(plan: Plan) -> None:
    """Raise StoreError where a task's parameters are none that its kind can work with, whatever their digests say."""
    for task in plan.tasks.values():
        try:
            structure(task.params.model)
            work(task, plan)
            str(task.pace)
        except (*MALFORMED, ArithmeticError) as error:
            raise StoreError(
                f"this is not a whole saved plan: what {one_line(task.label)[:100]} is to do makes no sense: "
                f"{one_line(shape_error(error))[:200]}",
                help=AGAIN,
            ) from None


def from_document(document: Any, *, sealed: bool = False) -> Plan:
    """The plan that was saved, every id worked out again.

    Raises StoreError where the document is of another form, was edited, or a version or digest has moved since.
    `sealed`: also where nothing says whether it was edited.
    """
    try:
        return _from_document(document, sealed=sealed)
    except MALFORMED as error:
        raise StoreError(f"this is not a whole saved plan: {shape_error(error)}", help=AGAIN) from None


def recorded(document: Any) -> Plan:
    """A plan as it was recorded, whatever has moved since: for reading about it, not for carrying it out.

    Raises StoreError where its tasks can't be read any more, or it was edited.
    """
    try:
        return _from_document(document, now=False)
    except MALFORMED as error:
        raise StoreError(f"this recorded plan can't be read: {shape_error(error)}") from None


MALFORMED = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
"""What reading a document of another shape raises."""


def _kind(name: str) -> Kind:
    """The kind of that name. StoreError for any other than a built-in one or one of a package that brings cards."""
    module, colon, _ = name.partition(":")
    # A document may be anybody's, and importing a module runs it.
    if colon and not brings_cards(module):
        raise StoreError(
            f"the kind of task {name!r} is of no package that is installed and brings cards",
            help="install the package with which the plan was made; CONTRIBUTING.md says how one brings cards",
        )
    try:
        loaded = kind(name)
    except KeyError as error:
        raise StoreError(str(error.args[0])) from None
    except Exception as error:  # noqa: BLE001 (whatever a package does when it is imported)
        raise StoreError(f"the kind of task {name!r} can't be loaded: {type(error).__name__}: {error}") from None
    if not isinstance(loaded, Kind):
        raise StoreError(f"{name!r} is no kind of task")
    return loaded


def shape_error(error: Exception) -> str:
    """What is wrong with a document's shape, in one line."""
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__} {error}"
    first, *more = error.errors(include_url=False, include_input=False)
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}" + (f" (and {len(more)} more)" if more else "")


class _Task(TypedDict):
    """A task with what is not part of its id."""

    kind: str
    version: int
    code: NotRequired[str]
    params: dict[str, Any]
    inputs: dict[str, str]
    seeds: dict[str, int]
    label: str
    keep: Literal["always", "until-used"]


class _Levels(BaseModel):
    """The levels of one network."""

    case: str
    network: str
    levels: tuple[Level, ...]


class _Rest(BaseModel):
    """All that stands in a document beside its tasks and their parts."""

    study: str
    roles: dict[str, str]
    targets: tuple[Target, ...]
    levels: tuple[_Levels, ...]
    neutral: dict[str, dict[str, Any]]
    facts: dict[str, DataFacts]
    images: dict[str, int]
    missing: dict[str, str]
    notes: tuple[str, ...]
    verdicts: tuple[Question, ...]
    series: tuple[Series, ...]
    permutations: tuple[Way, ...] = ()
    on_collapse: Literal["go-on", "skip"]


@cache
def _tasks() -> TypeAdapter[dict[str, _Task]]:
    return TypeAdapter(dict[str, _Task], config=ConfigDict(strict=True))


def checked_rest(document: Mapping[str, Any], *, sealed: bool = False) -> _Rest:
    """What stands beside tasks and parts in a document, once all of it has been checked: types, seal, references.

    By way of JSON: there a list is a tuple, and otherwise nothing is made of another type. Raises StoreError, and one
    of MALFORMED.
    """
    if document.get("schema") != SCHEMA:
        raise StoreError(f"this is not a saved plan: its schema is {document.get('schema')!r}, not {SCHEMA!r}")
    _tasks().validate_python(document["tasks"])
    check_seal(document, required=sealed)
    beside = {key: document[key] for key in _Rest.model_fields if key in document}
    rest = _Rest.model_validate_json(json.dumps(beside), strict=True)
    check_references(document)
    return rest


def _from_document(document: Mapping[str, Any], *, now: bool = True, sealed: bool = False) -> Plan:
    if document.get("schema") == SCHEMA:
        check_parts(document)
    rest = checked_rest(document, sealed=sealed)
    tasks = {}
    for identifier in _in_order(document["tasks"]):
        entry = document["tasks"][identifier]
        task_kind = _kind(entry["kind"])
        if now and task_kind.version != entry["version"]:
            raise StoreError(
                f"the plan is stale: {task_kind.name!r} tasks have version {task_kind.version} now, "
                f"{entry['version']} in the plan",
                help=AGAIN,
            )
        params = decode(task_kind.params, entry["params"], document["parts"])
        task = make(task_kind.name, params, entry["inputs"], entry["seeds"], label=entry["label"], keep=entry["keep"])
        if not now:
            task = replace(task, id=identifier)
        if task.id != identifier:
            raise StoreError(
                f"the plan is stale or edited: {entry['label']}, {short(identifier)}, now has the id {short(task.id)}",
                help=AGAIN,
            )
        tasks[identifier] = task
    return Plan(
        study=rest.study,
        tasks=tasks,
        roles=rest.roles,
        targets=rest.targets,
        levels={(network.case, network.network): network.levels for network in rest.levels},
        byproducts=find_byproducts(tasks),
        neutral=rest.neutral,
        facts=rest.facts,
        images=rest.images,
        missing=rest.missing,
        notes=rest.notes,
        verdicts=rest.verdicts,
        series=rest.series,
        permutations=rest.permutations,
        on_collapse=rest.on_collapse,
    )


def _in_order(tasks: Mapping[str, Any]) -> list[str]:
    """The ids in an order in which every task comes after its inputs: as they are written, or anew if by their ids."""
    seen: set[str] = set()
    for identifier, entry in tasks.items():
        if not seen.issuperset(entry["inputs"].values()):
            return list(TopologicalSorter({task: of["inputs"].values() for task, of in tasks.items()}).static_order())
        seen.add(identifier)
    return list(tasks)


def payload(
    plan: Plan, task_id: str, byproducts: tuple[str, ...] = (), continued: str | None = None, reason: str = ""
) -> dict[str, Any]:
    """What a worker needs to do one task, as plain data.

    `units` and `model` go into the record of the result, so that later plans can predict seconds, `reason`, why it
    ran, and `study`, so that this can be told later. `continued` is a stored state of the same branch, in the input
    `continue`, which is not part of the id.
    """
    owner = plan.owner(task_id)
    task = owner.tasks[task_id]
    parts = {part.digest: part.value for part in parts_of(task.params)}
    inputs = dict(task.inputs)
    if continued:
        inputs["continue"] = continued
    return {
        "id": task_id,
        "label": task.label,
        "task": {**task.document, "parts": parts},
        "shared": parts,
        "inputs": inputs,
        "byproducts": [
            {"id": byproduct, "task": {**plan.tasks[byproduct].document, "parts": parts}} for byproduct in byproducts
        ],
        "record": {
            "units": work(task, plan).units,
            "model": task.pace,
            "label": task.label,
            "study": owner.study,
            "reason": reason,
        },
        "neutral": {digest: plan.neutral[digest] for digest in parts if digest in plan.neutral},
    }

"""A plan as one JSON document: saved by `plan -o`, executed by `run plan.json`, recorded with every run."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.base.facts import DataFacts
from lmcspec.base.ids import short
from lmcspec.plan.cost import units
from lmcspec.plan.facts import moved_data
from lmcspec.plan.graph import Level, Plan, Series, Target, Verdict, find_byproducts
from lmcspec.tasks import decode, kind, make, parts_of

SCHEMA = "lmcspec/plan/1"


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan with every shared part once, by its digest."""
    parts: dict[str, Any] = {}
    for task in plan.tasks.values():
        for part in parts_of(task.params):
            parts.setdefault(part.digest, part.value)
    return {
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
        "neutral": {digest: dict(value) for digest, value in plan.neutral.items()},
        "facts": {digest: asdict(value) for digest, value in plan.facts.items()},
        "images": dict(plan.images),
        "missing": dict(plan.missing),
        "notes": list(plan.notes),
        "verdicts": [asdict(verdict) for verdict in plan.verdicts],
        "series": [asdict(series) for series in plan.series],
        "on_collapse": plan.on_collapse,
    }


def read_document(document: Any) -> Plan:
    """A saved plan that is to be carried out: as `from_document`, and its data must be those it was made for.

    Raises StoreError.
    """
    plan = from_document(document)
    shape = next(iter(plan.facts.values()), None)
    try:
        moved = moved_data(plan.neutral, document["parts"], shape)
    except FileNotFoundError as error:
        moved = str(error)
    if moved:
        raise StoreError(f"the plan is stale: {moved}", help=_AGAIN)
    return plan


def from_document(document: Any) -> Plan:
    """The plan that was saved, every id worked out again.

    Raises StoreError where the document is of another form, or a version or digest has moved since.
    """
    try:
        return _from_document(document)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StoreError(f"this is not a whole saved plan: {type(error).__name__} {error}", help=_AGAIN) from None


def recorded(document: Any) -> Plan:
    """A plan as it was recorded, whatever has moved since: for reading about it, not for carrying it out.

    Raises StoreError where its tasks can't be read any more.
    """
    try:
        return _from_document(document, now=False)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StoreError(f"this recorded plan can't be read: {type(error).__name__} {error}") from None


_AGAIN = "make it again with lmcspec plan SPEC -o FILE"


def _facts(entry: Mapping[str, Any]) -> DataFacts:
    return DataFacts(**{**entry, "shape": tuple(entry["shape"])})


def _from_document(document: Mapping[str, Any], *, now: bool = True) -> Plan:
    if document.get("schema") != SCHEMA:
        raise StoreError(f"this is not a saved plan: its schema is {document.get('schema')!r}, not {SCHEMA!r}")
    tasks = {}
    for identifier, entry in document["tasks"].items():
        try:
            own = kind(entry["kind"])
        except KeyError as error:
            raise StoreError(str(error.args[0])) from None
        if now and own.version != entry["version"]:
            raise StoreError(
                f"the plan is stale: {own.name!r} tasks have version {own.version} now, {entry['version']} in the plan",
                help=_AGAIN,
            )
        params = decode(own.params, entry["params"], document["parts"])
        task = make(own.name, params, entry["inputs"], entry["seeds"], label=entry["label"], keep=entry["keep"])
        if not now:
            task = replace(task, id=identifier)
        if task.id != identifier:
            raise StoreError(
                f"the plan is stale or edited: {entry['label']}, {short(identifier)}, now has the id {short(task.id)}",
                help=_AGAIN,
            )
        tasks[identifier] = task
    return Plan(
        study=document["study"],
        tasks=tasks,
        roles=document["roles"],
        targets=tuple(Target(**{**entry, "copies": tuple(entry["copies"])}) for entry in document["targets"]),
        levels={
            (entry["case"], entry["network"]): tuple(Level(**level) for level in entry["levels"])
            for entry in document["levels"]
        },
        byproducts=find_byproducts(tasks),
        neutral=document["neutral"],
        facts={digest: _facts(entry) for digest, entry in document["facts"].items()},
        images=document["images"],
        missing=document["missing"],
        notes=tuple(document["notes"]),
        verdicts=tuple(Verdict(**{**entry, "networks": tuple(entry["networks"])}) for entry in document["verdicts"]),
        series=tuple(Series(**entry) for entry in document["series"]),
        on_collapse=document["on_collapse"],
    )


def payload(plan: Plan, task_id: str, byproducts: tuple[str, ...] = (), continued: str | None = None) -> dict[str, Any]:
    """What a worker needs to do one task, as plain data.

    `units` and `model` go into the record of the result, so that later plans can predict seconds. `continued` is a
    stored state of the same branch, in the slot `continue`, which is not part of the id.
    """
    task = plan.tasks[task_id]
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
        "byproducts": [{"id": one, "task": {**plan.tasks[one].document, "parts": parts}} for one in byproducts],
        "record": {"units": units(task, plan), "model": task.params.model.digest, "label": task.label},
        "neutral": {digest: plan.neutral[digest] for digest in parts if digest in plan.neutral},
    }

"""Whether a worker has the code of plug-ins that a task was planned with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lmcspec.catalog import get
from lmcspec.catalog.code import check_planned, check_planned_kind, code_of, look_again
from lmcspec.catalog.recipe import schedule_name
from lmcspec.tasks.kind import Kind
from lmcspec.tasks.params import parts_of


def check_code(tasks: Iterable[tuple[Kind, Any]], neutral: Mapping[str, Any]) -> None:
    """Raise StoreError where a model, data set, criterion or distiller would do something else than was planned.

    `tasks` are kinds and parameters; `neutral` says by the digest of a part of data which data set it is.
    """
    planned = dict.fromkeys(card for kind, params in tasks for card in _cards(kind, params, neutral))
    plugged = [(card, code) for what, name, code in planned if code_of(card := get(what, name)) != code or code]
    if plugged:
        look_again()
    for card, code in plugged:
        check_planned(card, code)


def check_kind(name: str, planned: str | None) -> None:
    """Raise StoreError where another package's kind of task would do something else than was planned."""
    if ":" in name:
        look_again()
        check_planned_kind(name, planned)


def _cards(kind: Kind, params: Any, neutral: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """(kind, name, code) of each card of a task, as its id has it."""
    for part in parts_of(params):
        if "classes" in part.value:
            yield "model", part.value["config"]["name"], part.value.get("code")
        elif "config" in neutral.get(part.digest, {}):
            yield "dataset", neutral[part.digest]["config"]["name"], part.value.get("code")
        elif "optimiser" in part.value:
            optimiser, schedule = part.value["optimiser"], part.value["schedule"]
            yield "optimiser", optimiser["name"], optimiser.get("code")
            yield "schedule", schedule_name(schedule), schedule.get("code")
    if (card := kind.card) is not None:
        yield card.kind, getattr(params, card.parameter).value[card.key], params.code

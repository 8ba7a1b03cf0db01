"""Whether a worker has the code of plug-ins that a task was planned with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lmcspec.catalog import get
from lmcspec.catalog.code import check_planned, code_of, look_again
from lmcspec.tasks.params import parts_of


def check_code(many: Iterable[Any], neutral: Mapping[str, Any]) -> None:
    """Raise StoreError where a model, data set, criterion or distiller would do something else than was planned.

    `many` are parameters of tasks; `neutral` says by the digest of a part of data which data set it is.
    """
    planned = dict.fromkeys(one for params in many for one in _planned(params, neutral))
    plugged = [(card, code) for kind, name, code in planned if code_of(card := get(kind, name)) != code or code]
    if plugged:
        look_again()
    for card, code in plugged:
        check_planned(card, code)


def _planned(params: Any, neutral: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """(kind, name, code) of each card of a task, as its id has it."""
    for part in parts_of(params):
        if "classes" in part.value:
            yield "model", part.value["config"]["name"], part.value.get("code")
        elif "config" in neutral.get(part.digest, {}):
            yield "dataset", neutral[part.digest]["config"]["name"], part.value.get("code")
    for slot, kind, key in (("criterion", "criterion", "name"), ("method", "distiller", "method")):
        part = getattr(params, slot, None)
        if part is not None:
            yield kind, part.value[key], params.code

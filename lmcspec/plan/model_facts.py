"""Facts of models that a plan may know: committed ones, and those that workers have left in the store."""

import contextlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from lmcspec.base.facts import ModelFacts
from lmcspec.tasks import Part

Count = Annotated[int, Field(ge=0, lt=2**53)]


def _named_shape(pair: list[Any]) -> list[Any]:
    match pair:
        case [str(), [*sizes]] if all(type(size) is int and 0 < size < 2**40 for size in sizes):
            return pair
    raise ValueError("a name and the sizes of its axes")


class _Facts(TypedDict):
    """Facts of a model as a document."""

    parameters: Count
    prunable: list[Annotated[list[Any], AfterValidator(_named_shape)]]
    macs: Count
    has_batch_norm: bool
    buffers: Count


def known_facts(model: Part, folder: Path | None) -> ModelFacts | None:
    """The facts of a model part: committed, or cached in `folder` by its digest; None where nobody has taken them."""
    document = _committed().get(structure(model).digest)
    if document is None and folder is not None:
        from lmcspec.store.layout import read_json  # where there is no store, planning starts faster without its code

        # A power cut may have left half a file. It is a cache: the next worker takes the facts again.
        with contextlib.suppress(OSError, ValueError):
            document = read_json(folder.parent, folder / f"{model.digest}.json", _Facts)
    return from_document(document) if document else None


def structure(model: Part) -> Part:
    """The model without what only says how its weights are drawn: facts are committed by the digest of this."""
    config = {key: value for key, value in model.value["config"].items() if key not in ("init", "norm_init")}
    return Part.of({**model.value, "config": config})


def take(model: Part) -> dict[str, Any]:
    """The facts of a model part as a document, by building it on torch's meta device. Imports torch."""
    from dataclasses import asdict

    from lmcspec.science.summary import model_facts
    from lmcspec.tasks import read

    return asdict(model_facts(read.module(model, "meta"), tuple(model.value["shape"])))


def from_document(document: Mapping[str, Any]) -> ModelFacts:
    """Facts from their JSON form."""
    return ModelFacts(
        parameters=document["parameters"],
        prunable=tuple((name, tuple(shape)) for name, shape in document["prunable"]),
        macs=document["macs"],
        has_batch_norm=document["has_batch_norm"],
        buffers=document["buffers"],
    )


@cache
def _committed() -> dict[str, Any]:
    return json.loads(resources.files("lmcspec.catalog.models").joinpath("facts.json").read_bytes())["facts"]

"""The tensors of a task as a .safetensors file with a card: masks, checkpoints and permutations, for others."""

from os.path import exists, isdir, isfile
from pathlib import Path
from typing import IO, Any

from lmcspec.base import beneath
from lmcspec.base.documents import DocumentError
from lmcspec.base.drafts import drafted
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.ids import short
from lmcspec.plan import Plan
from lmcspec.plan.explain import explain_task
from lmcspec.plan.outlook import outlook
from lmcspec.plan.stored_output import stored_output
from lmcspec.report.tensor_file import Tensor, read_header, write_with_notes
from lmcspec.report.tensors_card import TensorsCard
from lmcspec.store import Store, Stored, layout
from lmcspec.tasks import kind
from lmcspec.tasks.read import MASK, PERMUTATION, STATE

FILES = {"network": STATE, "state": STATE, "mask": MASK, "permutation": PERMUTATION}
"""Which output of a task holds what it makes."""


def check_files(output: Path, *, replace: bool) -> Path:
    """The card's file. UsageError where neither can be written there, or either is there and no `replace`."""
    card = output.with_suffix(".md")
    if output.suffix != ".safetensors":
        raise UsageError(
            f"{output.name} is no name for a file of tensors", help=f"call it {output.with_suffix('.safetensors').name}"
        )
    if not isdir(output.parent):
        raise UsageError(f"there is no folder {output.parent}", help=f"mkdir -p {output.parent}")
    for file in (output, card):
        if exists(file) and not isfile(file):
            raise UsageError(f"{file} is there, and no file", help="name another")
        if exists(file) and not replace:
            raise UsageError(f"there is a file {file}", help="name another, or replace it with --force")
    return card


def export_tensors(store: Store, plan: Plan, task: str, label: str, output: Path, run: str) -> dict[str, Any]:
    """Write what a task has made, and its card beside it; gives what was written as plain data.

    `run` is the command by which the study runs. StoreError where the store doesn't have it whole.
    """
    stored = stored_output(store, plan, task, label, label, run)
    name = FILES[kind(plan.tasks[task].kind).makes]
    if f"{layout.OUT}/{name}" not in stored.result["files"]:
        raise UsageError(
            f"{label} has left no tensors: its outcome is {stored.outcome}",
            help="name another task: lmcspec plan SPEC --format tree shows them",
        )
    page = output.with_suffix(".md")
    with beneath.reading(store.root, stored.out / name) as source:
        tensors = _header(source, name, stored)
        card = _card(store, plan, stored, label, tensors)
        # Both are written before either takes its place: where one fails, those of before stand side by side.
        with drafted(page) as told:
            told.write_text(card.page(output.name), encoding="utf-8")
            with drafted(output) as draft, draft.open("wb") as target:
                write_with_notes(target, source, tensors, card.header)
    return {**card.facts, "files": [str(output), str(page)]}


def makes_tensors(plan: Plan, task: str, label: str) -> None:
    """UsageError where a task makes numbers alone."""
    if kind(plan.tasks[task].kind).makes not in FILES:
        raise UsageError(
            f"{label} makes numbers, and no tensors",
            help="lmcspec results SPEC prints numbers; trainings, masks and permutations have tensors",
        )


def _header(source: IO[bytes], name: str, stored: Stored) -> dict[str, Tensor]:
    try:
        return read_header(source, f"{name} of object {short(stored.id)}")
    except DocumentError as error:
        raise StoreError(str(error), help="`lmcspec run SPEC --force TASK` makes it anew") from error


def _card(store: Store, plan: Plan, stored: Stored, label: str, tensors: dict[str, Tensor]) -> TensorsCard:
    task = plan.tasks[stored.id]
    makes = kind(task.kind).makes
    data = None
    if task.data is not None:
        name = plan.neutral[task.data.digest]["config"]["name"]
        data = {"name": name, "digest": task.data.value["digest"]}
    return TensorsCard(
        study=plan.study,
        makes=makes,
        task=explain_task(outlook(plan, store), stored.id, label),
        digest=stored.result["files"][f"{layout.OUT}/{FILES[makes]}"]["sha256"],
        data=data,
        scalars=stored.scalars,
        outcome=stored.outcome,
        density=_density(store, stored, dict(task.inputs).get("mask")),
        tensors={name: (tensor["dtype"], tuple(tensor["shape"])) for name, tensor in tensors.items()},
    )


def _density(store: Store, stored: Stored, mask: str | None) -> float | None:
    """Of a mask its own; of a network that of the mask that it was trained under."""
    counted = stored if "density" in stored.scalars else store.find(mask) if mask else None
    return None if counted is None else counted.scalars.get("density")

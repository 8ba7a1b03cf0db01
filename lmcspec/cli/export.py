"""`lmcspec export`: what a study has made as a file for others: distilled sets, masks, checkpoints, permutations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.base.set_forms import FileForm
from lmcspec.cli import completion
from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, needed_store, spelled_at
from lmcspec.cli.output import Format, envelope, put, say

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.science.data.distilled.distilled_set import Distilled
    from lmcspec.store import Store


def export(
    spec: SpecArgument,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SET|TASK",
            help="A set that the study distils, or a training, mask or permutation by its label: imp/s0/l3/mask.",
            show_default=False,
            autocompletion=completion.exported,
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="The file to write: NAME.safetensors, with the card NAME.md beside it where TASK is no set; "
            "in MTT's form NAME_images.pt, with NAME_labels.pt.",
            show_default=False,
        ),
    ],
    form: Annotated[
        FileForm | None,
        typer.Option(
            "--as",
            help="Form of a set's file.",
            show_default="safetensors if OUTPUT ends so, else that of the set's method",
        ),
    ] = None,
    case: Annotated[
        str,
        typer.Option(
            "--case", help="Of a sweep whose cases make different sets: which case.", autocompletion=completion.cases
        ),
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Write a distilled set as a file that others read: in the form of MTT, IDC or DC (also DSA and DM), or lmcspec's.

    Or write a mask, the weights of a network or a permutation as .safetensors, with a card that says what it is.

    What is written has to be in the store; nothing runs.
    """
    from lmcspec.cli.studies import read_study
    from lmcspec.plan.made_sets import chosen_set, set_of, stored_set
    from lmcspec.report.exported import document, read_stored, write

    existing = needed_store(store)
    study = read_study(spec, sets, existing, max_tasks)
    run = spelled_at("lmcspec run", [spec], sets, store)
    called = _task(study.plan, name, case)
    chosen = None if called is None else set_of(study.plan, called[0])
    if called is not None and chosen is None:
        _export_tensors(existing, study.plan, called, study.output(spec, output), run, form, force, format)
        return
    chosen = chosen or chosen_set(study.plan, study.loaded, name, case)
    # with torch: only once there is such a set
    from lmcspec.science.data.distilled.export import check_output, usual_form

    form = form or usual_form(chosen.task.params.method.value["method"], output)
    check_output(output, form, replace=force)
    study.output(spec, output)
    stored = stored_set(existing, study.plan, chosen, run)
    images = read_stored(stored, chosen, study.plan)
    files = write(images, output, form)
    _tell(images, document(images, chosen, form, files, spec.resolve().parent), format)


def _task(plan: "Plan", name: str, case: str) -> tuple[str, str] | None:
    """(id, label) of the task that is called so; None for what can only be a set's name."""
    from lmcspec.plan.explain import may_be_id, task_called
    from lmcspec.plan.made_sets import made_sets

    is_set = any(made.name == name for made in made_sets(plan))
    return None if is_set or not ("/" in name or may_be_id(name)) else task_called(plan, name, case)


def _export_tensors(
    store: "Store",
    plan: "Plan",
    called: tuple[str, str],
    output: Path,
    run: str,
    form: FileForm | None,
    force: bool,
    format: Format,
) -> None:
    from lmcspec.base.errors import UsageError
    from lmcspec.report.exported_tensors import check_files, export_tensors, makes_tensors

    task, label = called
    if form not in (None, "safetensors"):
        raise UsageError(f"{label} is no distilled set, and {form} a form of such", help="leave --as out")
    makes_tensors(plan, task, label)
    check_files(output, replace=force)
    written = export_tensors(store, plan, task, label, output, run)
    if format is Format.json:
        from lmcspec.store import layout

        put(envelope("export", True, layout.spelled(written)))
        return
    for file in written["files"]:
        put(file)
    say(f"{written['what']}: {label} of {written['study']}, task {task[:10]}")


def _tell(images: "Distilled", written: dict[str, Any], format: Format) -> None:
    """The files, and beside them what is in them and how a spec loads them."""
    from lmcspec.report.exported import contents
    from lmcspec.spec.toml_text import inline

    if format is Format.json:
        put(envelope("export", True, written))
        return
    for file in written["files"]:
        put(file)
    say(contents(images))
    for note in written["notes"]:
        say(f"note: {note} (--as safetensors keeps it)")
    if written["load"] is not None:
        say(f"in a spec, under [distilled]: {inline({written['set']: written['load']})[2:-2]}")

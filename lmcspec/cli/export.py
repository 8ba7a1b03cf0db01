"""`lmcspec export`: a distilled set of a study as a file for others."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.base.set_forms import FileForm
from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, needed_store, spelled
from lmcspec.cli.output import Format, envelope, put, say

if TYPE_CHECKING:
    from lmcspec.science.data.distilled.distilled_set import Distilled


def export(
    spec: SpecArgument,
    name: Annotated[str, typer.Argument(metavar="SET", help="A set that the study distils.", show_default=False)],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="The file to write; in MTT's form NAME_images.pt, with NAME_labels.pt beside it.",
            show_default=False,
        ),
    ],
    form: Annotated[
        FileForm | None,
        typer.Option(
            "--as",
            help="Form of the file.",
            show_default="safetensors if OUTPUT ends so, else that of the set's method",
        ),
    ] = None,
    case: Annotated[str, typer.Option("--case", help="Of a sweep whose cases make different sets: which case.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Write a distilled set as a file that others read: in the form of MTT, IDC or DC (also DSA and DM), or lmcspec's.

    The set has to be in the store; nothing runs.
    """
    from lmcspec.plan.made_sets import chosen_set, stored_set
    from lmcspec.plan.planned_study import read_study
    from lmcspec.report.exported import document, read_stored, write

    existing = needed_store(store)
    study = read_study(spec, sets, existing, max_tasks)
    chosen = chosen_set(study.plan, study.loaded, name, case)
    # with torch: only once there is such a set
    from lmcspec.science.data.distilled.export import check_output, usual_form

    form = form or usual_form(chosen.task.params.method.value["method"], output)
    check_output(output, form, replace=force)
    stored = stored_set(existing, study.plan, chosen, spelled("lmcspec run", [spec], sets))
    images = read_stored(stored, chosen, study.plan)
    files = write(images, output, form)
    _tell(images, document(images, chosen, form, files, spec.resolve().parent), format)


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

"""`lmcspec compare`: two networks or cases of one study, and how many replicates would decide between them."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, TrustOption, needed_store
from lmcspec.cli.output import console, envelope, phase, put

if TYPE_CHECKING:
    from lmcspec.report.offers import Offer
    from lmcspec.report.undecided import Undecided
    from lmcspec.report.within import PlacesCompared


def compare(
    spec: SpecArgument,
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A network, a family, a case, or CASE/NETWORK.",
            show_default=False,
            autocompletion=completion.compared,
        ),
    ],
    b: Annotated[
        str,
        typer.Argument(
            metavar="B", help="What is compared with it.", show_default=False, autocompletion=completion.compared
        ),
    ],
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="How to print it.")] = "table",
    measures: Annotated[
        list[str], typer.Option("--measure", help="Only this measure.", autocompletion=completion.measures)
    ] = [],  # noqa: B006
    trust: TrustOption = False,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Compare two networks, families or cases of a study: B - A with 95 % intervals, paired by replicates.

    Levels of equal sparsity are compared. Where nothing is decided it says how many replicates would do, what they
    take, and the command. Runs nothing and writes nothing.
    """
    from lmcspec.cli.advice import put_advice, typed
    from lmcspec.cli.studies import read_study
    from lmcspec.report import tidy
    from lmcspec.report.chosen import chosen
    from lmcspec.report.offers import offers
    from lmcspec.report.undecided import advice, of_contrasts, targets_of
    from lmcspec.report.within import compare_within

    existing = needed_store(store, trust)
    study = read_study(spec, sets, existing, max_tasks)
    with phase("read the results"):
        rows = chosen(tidy(study.plan, existing), measures=measures)
    compared = compare_within(study.plan, rows, a, b)
    if format == "csv":
        _put_csv(compared)
        return
    undecided = of_contrasts(compared)
    how = typed(spec, sets, store, existing, max_tasks, targets_of(study.plan, (a, b), compared))
    if format == "json":
        offered = offers(study, undecided.wishes, undecided.of, how)
        put(envelope("compare", True, _document(study.plan.study, (a, b), compared, undecided, offered)))
        return
    from lmcspec.report.contrast_table import table

    screen = console()
    for part in table(study.plan.study, compared, rows):
        screen.print(part)
    put_advice(advice(study, undecided, how))


def _put_csv(compared: "Sequence[PlacesCompared]") -> None:
    from lmcspec.report.contrast_records import COLUMNS, contrast_records
    from lmcspec.report.records import write_csv

    text = io.StringIO(newline="")
    write_csv(contrast_records(compared), text, COLUMNS)
    put(text.getvalue(), end="")


def _document(
    study: str,
    names: tuple[str, str],
    compared: "Sequence[PlacesCompared]",
    undecided: "Undecided",
    offered: "Sequence[Offer]",
) -> dict[str, Any]:
    from lmcspec.report.contrast_records import contrast_records
    from lmcspec.store import layout

    document = {
        "study": study,
        "a": names[0],
        "b": names[1],
        "contrasts": contrast_records(compared),
        "left_out": [left.document() for places in compared for left in places.left_out],
        "undecided": undecided.of,
        "replicates": [offer.document() for offer in offered],
    }
    return layout.spelled(document)

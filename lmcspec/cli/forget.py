"""`lmcspec forget`: a study is no longer kept."""

from typing import Annotated, Any

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import StoreOption, needed_store, spelled_at, store_path
from lmcspec.cli.output import Format, envelope, put, put_words, say


def forget(
    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            help="The name of a study that has run.",
            show_default=False,
            autocompletion=completion.studies,
        ),
    ],
    store: StoreOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Keep nothing for a study any more, so that `lmcspec gc` may delete what only it needs. Deletes nothing.

    Planning or running the study keeps it again. What MLflow knows of it stays there.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.catalog import nearest
    from lmcspec.plan.collect import sort
    from lmcspec.plan.needs import UnknownNeedsError
    from lmcspec.plan.render import size
    from lmcspec.plan.unneeded import Wish
    from lmcspec.store import forget_study, forgotten_studies, recorded_studies

    existing = needed_store(store)
    kept = recorded_studies(existing)
    if study not in kept and study not in forgotten_studies(existing):
        near = nearest(study, kept)
        raise UsageError(
            f"the store {store_path(store)} keeps no study that is called {study!r}",
            help=f"did you mean {near}?" if near else f"it keeps {', '.join(kept) or 'none'}",
        )
    now = forget_study(existing, study)
    data: dict[str, Any] = {"study": study, "forgotten": now, "frees": None, "results": None}
    why = ""
    try:
        leaving = sort(existing, Wish(studies=frozenset({study}))).leaving
        data["frees"] = sum(lost.piece.bytes for lost in leaving)
        data["results"] = sum(lost.piece.what == "result" for lost in leaving)
    except (UnknownNeedsError, UsageError) as error:
        why = f"what gc would free can't be told: {error}"
    if format is Format.json:
        put(envelope("forget", True, data))
        return
    put_words(f"{study} is forgotten" if now else f"{study} was forgotten before")
    if why:
        say(why)
    elif data["results"] or data["frees"]:
        put_words(f"{data['results']:,} results that no other study needs, {size(data['frees'])}, are free to go:")
        put(f"  {spelled_at('lmcspec gc', [], [], store, ['--study', study])}")
    else:
        put_words("nothing would go with it: other studies need what it needs, or nothing of it is left")
    put_words("Planning or running it keeps it again. Runs in MLflow are left alone.")

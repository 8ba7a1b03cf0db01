"""Every page of the site that is made and not written: by the code's own words, and of files beside docs/."""

from collections.abc import Iterator

from docs.site import cards, commands, errors, language, metrics, shipped, sources
from docs.site.markdown import page

REFERENCE = (language, cards, shipped, commands, errors, metrics)


def pages() -> Iterator[tuple[str, str]]:
    """(path in the site, text)."""
    yield from reference()
    yield from sources.pages()


def reference() -> Iterator[tuple[str, str]]:
    """What is made of the code's own words."""
    yield "reference/README.md", _index()
    for module in REFERENCE:
        yield from module.pages()


def _index() -> str:
    return page(
        "# Reference",
        "Made from the code, so it says what this version does.",
        "- [The language](spec/README.md): every key of a spec\n"
        "- [The catalog](cards/README.md): every model, data set, optimiser, schedule, distiller, criterion, measure "
        "and plot, with its settings\n"
        "- [Presets](presets.md): settings of the papers, with citations; [specs that ship](specs.md)\n"
        "- [Commands](commands.md): every command and its options, and the [exit codes](exit-codes.md)\n"
        "- [Codes of errors](errors.md): what each means, and an example of it\n"
        "- [Metrics](metrics.md): every number, its unit, and what it is called in MLflow",
    )

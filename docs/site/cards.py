"""Pages of the catalog: every card with its settings, where it is from, and what implements it."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from docs.site.language import definitions, document, keys
from docs.site.markdown import anchor, code, page, several, table
from lmcspec.catalog import KINDS, Card, DatasetCard, MeasureCard, PlotCard, built_in
from lmcspec.catalog.augmentation import Augment
from lmcspec.spec.schema_words import Schema, say
from lmcspec.spec.toml_text import inline

KNOWN = {
    "model": ("Models", "`model = NAME`, or a table with `name` and these keys."),
    "dataset": ("Data sets", "`dataset = NAME`, or a table with `name` and these keys."),
    "optimiser": ("Optimisers", "The key `optimiser` of a recipe or a distiller, a table with `name` and these keys."),
    "schedule": ("Schedules", "The key `schedule` of a recipe, a name or a table with `name` and these keys."),
    "distiller": ("Distillers", "`[distilled.NAME]`, a table with `method` and these keys."),
    "matcher": ("Ways to align networks", "`[permutations.NAME]`, a table with `method` and these keys."),
    "criterion": ("Pruning criteria", "The key `criterion` of a stage, a name or a table with `name` and these keys."),
    "measure": ("Measures", "`[measures.NAME]`, a table; its `kind` need not be said where NAME is it."),
    "plot": ("Plots", "`[figures.NAME]`, a table with `plot` and these keys."),
    "runner": ("Runners", "`lmcspec run SPEC --runner NAME`. Their settings are options of the command."),
    "augmentation": ("Augmentations", "Keys of the table `augment` of a recipe, which may have several."),
}
"""Kind -> what its page is called, and where a spec names its cards."""


def pages() -> Iterator[tuple[str, str]]:
    """(path, text) of every page."""
    yield "reference/cards/README.md", _all()
    for kind, folder in KINDS.items():
        yield f"reference/cards/{folder}.md", _kind(kind)


def _all() -> str:
    rows = [
        (f"[{title}]({KINDS[kind]}.md)", several([code(name) for name in built_in(kind)], "and"))
        for kind, (title, _) in KNOWN.items()
    ]
    return page(
        "# The catalog",
        "Everything that a spec can name is a card: its settings, a sentence, a source, and the place of its "
        "implementation. [Yours](../../extending.md) stand beside these: a package brings them, and `lmcspec schema` "
        "and `lmcspec doctor` list them.",
        table(("kind", "cards"), rows),
    )


def _kind(kind: str) -> str:
    title, where = KNOWN[kind]
    return page(f"# {title}", where, *map(_card, built_in(kind).values()))


def _card(card: Card) -> str:
    return page(
        f"## {card.name} {{ #{anchor(card.name)} }}",
        f"{card.doc[:1].upper()}{card.doc[1:]}.",
        _about(card),
        _variants(card),
        *_facts(card),
        settings(card),
        f"Source: {card.source}." if card.source else "",
        f"Implemented by {code(card.implementation)}.",
    )


def _about(card: Card) -> str:
    """The paragraphs of the class under the settings of a card, where they say more than its sentence."""
    text = inspect.cleandoc(card.config.__doc__ or "")
    return "" if text.rstrip(".").casefold() == card.doc.casefold() else text


def _variants(card: Card) -> str:
    said = [f"{code(name)} is {code(card.name)} with {_settings(more)}" for name, more in card.variants.items()]
    return f"Other names: {'; '.join(said)}." if said else ""


def _settings(said: Mapping[str, Any]) -> str:
    return several([code(f"{key} = {_value(value)}") for key, value in said.items()], "and")


def _value(value: Any) -> str:
    return inline(list(value) if isinstance(value, tuple) else value)


def settings(card: Card) -> str:
    """The keys of a card's table; nothing where there are none but that which says which card it is."""
    table, required = _schema(card)
    rest = {key: field for key, field in table.items() if key != card.key}
    return keys(card.name, rest, required) if rest else ""


def _schema(card: Card) -> tuple[Schema, list[str]]:
    """The keys of a card's table, and which of them it needs."""
    match card.kind:
        case "augmentation":
            every = document()["$defs"][definitions().of(Augment)]["properties"]
            return {key: every[key] for key in card.config.model_fields}, []
        case "runner":
            made = card.config.model_json_schema()
            say(made, card.config)
            return made.get("properties", {}), []
        case _:
            name = definitions().of(card.config)
            return document()["$defs"][name]["properties"], definitions().required[name]


def _facts(card: Card) -> Iterator[str]:
    """What is told of cards of some kinds."""
    for kind, told in FACTS:
        if isinstance(card, kind):
            yield told(card)


def _of_dataset(card: DatasetCard) -> str:
    numbers = [(word, numbers) for word, numbers in (("mean", card.mean), ("std", card.std)) if numbers is not None]
    told = [f"{word} {code(inline(list(values)))}" for word, values in numbers]
    space = f"Its numbers for the space `standardised`: {several(told, 'and')}." if told else ""
    files = f"Looked for below `root`: {several(map(code, card.files), 'and')}." if card.files else ""
    return page(space, files) if space or files else ""


def _of_measure(card: MeasureCard) -> str:
    if not (names := [code(metric.name) for metric in card.metrics.fixed]):
        return ""
    return f"Its numbers: [{len(names)} of them](../metrics.md#{anchor(card.name)})."


def _of_plot(card: PlotCard) -> str:
    if not card.measures:
        return ""
    links = [f"[{code(name)}](measures.md#{anchor(name)})" for name in card.measures]
    return f"Drawn from a measure of kind {several(links, 'and' if card.of_each else 'or')}."


FACTS: tuple[tuple[type[Card], Callable[[Any], str]], ...] = (
    (DatasetCard, _of_dataset),
    (MeasureCard, _of_measure),
    (PlotCard, _of_plot),
)

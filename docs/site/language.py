"""Pages of the language: every table of a spec, with all its keys, as the JSON Schema describes them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from docs.site.markdown import anchor, code, page, several, table
from lmcspec.catalog import KINDS, built_in
from lmcspec.spec.json_schema import schema
from lmcspec.spec.key_words import KeyWords, said
from lmcspec.spec.schema_definitions import Definitions, of_models
from lmcspec.spec.schema_words import Schema
from lmcspec.spec.toml_text import inline

HEAD = ("key", "takes", "default", "meaning")
EXAMPLES = 4
"""Of a key, at most: there may be one for every preset."""


class Part(NamedTuple):
    """A table of a spec that is no card's."""

    name: str
    """Its definition in the JSON Schema; empty for the file itself."""
    title: str
    where: str
    """Where it stands in a spec."""


class Page(NamedTuple):
    """A page: a key of the file itself, the tables in it, and the kinds of cards that it names."""

    key: str
    title: str
    parts: tuple[Part, ...]
    kinds: tuple[str, ...]


PAGES = (
    Page(
        "dataset",
        "The data set",
        (
            Part("Holdout", "Images that are set aside", "the key `split` of a data set"),
            Part("Space", "The space of images", "the key `space` of a data set or of a distilled set"),
        ),
        ("dataset",),
    ),
    Page("model", "The model", (), ("model",)),
    Page(
        "recipes",
        "Recipes",
        (
            Part("Recipe", "A recipe", "`[recipes.NAME]`"),
            Part("Augment", "Augmentation", "the key `augment` of a recipe"),
            Part("ResizedCrop", "Random resized crops", "the key `random_resized_crop` of `augment`"),
        ),
        ("optimiser", "schedule", "augmentation"),
    ),
    Page(
        "distilled",
        "Distilled sets",
        (
            Part("LoadedSet", "A set from a file", "`[distilled.NAME]` with `load`"),
            Part("OtherSet", "Images of another data set", "`[distilled.NAME]` with `dataset`"),
            Part("Experts", "Experts", "the key `experts` of the distiller `mtt`"),
        ),
        ("distiller",),
    ),
    Page("weights", "Weights from files", (Part("LoadedWeights", "Weights", "`[weights.NAME]`"),), ()),
    Page("masks", "Masks from files", (Part("LoadedMask", "A mask", "`[masks.NAME]`"),), ()),
    Page(
        "networks",
        "Networks",
        (
            Part("Stage", "A stage", "an item of the list `networks.NAME`"),
            Part("Like", "A baseline", "`networks.NAME` as a table"),
        ),
        ("criterion",),
    ),
    Page(
        "permutations",
        "Permutations",
        (
            Part("PrunedFirst", "Pruned before they are aligned", "the key `prune` of a permutation"),
            Part("RewoundLayers", "Layers of an earlier step", "the key `rewind_layers` of a permutation"),
        ),
        ("matcher",),
    ),
    Page(
        "measures",
        "Measures",
        (
            Part("AtSparsity", "A level by its sparsity", "an item of the list `levels` of a measure"),
            Part("Anchor", "A network of a landscape", "an item of the lists `anchors` and `project` of a landscape"),
        ),
        ("measure",),
    ),
    Page("figures", "Figures", (), ("plot",)),
)


@cache
def document() -> Schema:
    """The JSON Schema of a spec."""
    return schema()


@cache
def definitions() -> Definitions:
    """The tables of the models, from which the names of tables are had and which keys each needs."""
    return of_models()[1]


def pages() -> Iterator[tuple[str, str]]:
    """(path, text) of every page."""
    yield "reference/spec/README.md", _study()
    for described in PAGES:
        yield f"reference/spec/{described.key}.md", _page(described)
    yield "reference/spec/sweep.md", _sweep()


def _study() -> str:
    return page(
        "# The language, key by key",
        "A spec is one table, in TOML or in YAML. These are its keys; each table in it has a page of its own. "
        "`lmcspec explain SPEC KEY` says the same of a key of your spec, and who set it.",
        keys("", document()["properties"], definitions().required[""]),
    )


def _page(described: Page) -> str:
    words = said(document(), "", document()["properties"][described.key], None)
    links = [f"[{KINDS[kind]}](../cards/{KINDS[kind]}.md)" for kind in described.kinds]
    named = [f"What can be named, with the keys of each: {several(links, 'and')}."] if links else []
    return page(
        f"# {described.title}",
        f"`{described.key}`: {words.meaning}",
        f"Such as `{described.key} = {inline(words.examples[0])}`.",
        *named,
        *map(_part, described.parts),
    )


def _part(part: Part) -> str:
    body = document()["$defs"][part.name]
    return page(
        f"## {part.title} {{ #{anchor(part.name)} }}",
        f"Stands as {part.where}. {body.get('description', '')}",
        keys(part.name, body["properties"], definitions().required[part.name]),
        _families(body["properties"]),
    )


def _sweep() -> str:
    field = document()["properties"]["sweep"]
    case = field["properties"]["cases"]["items"]
    return page(
        "# Sweeps",
        field["description"],
        keys("sweep", field["properties"]),
        "## A case { #case }",
        f"An item of the list `sweep.cases`. {case['description']}",
        keys("case", case["properties"], case["required"]),
    )


def keys(of: str, properties: Mapping[str, Schema], required: Sequence[str] = ()) -> str:
    """The keys of a table of a spec, a row each."""
    return table(HEAD, [_row(of, key, field, key in required) for key, field in properties.items()])


def _row(of: str, key: str, field: Schema, required: bool) -> tuple[str, str, str, str]:
    words = said(document(), "", field, None)
    named = f'<a id="{anchor(of or "key", key)}"></a>{code(key)}'
    default = "**needed**" if required else code(inline(words.default)) if words.default is not None else "–"
    return named, takes(words, field), default, meaning(words)


def takes(words: KeyWords, field: Schema) -> str:
    """What a key takes: the words that it may be, or what sort of value with its unit, and where its tables stand."""
    places, kinds = _tables(field), _kinds(field)
    if words.choices:
        return several(map(code, map(inline, words.choices)))
    text = "a name, or a table" if kinds and '"' in words.takes else words.takes
    unit = f" ({words.unit})" if words.unit and "a step (" not in text else ""
    links = [*places, *(f"[{kind}](../cards/{kind}.md)" for kind in kinds)]
    return f"{text}{unit}" + (f": {several(links)}" if links else "")


def meaning(words: KeyWords) -> str:
    """What a key means, with examples where its choices are none."""
    examples = [code(inline(example)) for example in words.examples[:EXAMPLES]]
    return words.meaning + (f" Such as {several(examples)}." if examples and not words.choices else "")


def _tables(field: Schema) -> list[str]:
    """Links to the tables that a key may be, but for those of cards."""
    parts = {part.name: (page.key, part) for page in PAGES for part in page.parts}
    told = [parts[name] for name in dict.fromkeys(_refs(field)) if name in parts]
    return [f"[{part.title.lower()}](../spec/{key}.md#{anchor(part.name)})" for key, part in told]


def _kinds(field: Schema) -> list[str]:
    """The kinds of cards, by their plurals, whose tables a key may be."""
    return list(dict.fromkeys(kind for name in _refs(field) if (kind := _kinds_of_tables().get(name))))


@cache
def _kinds_of_tables() -> dict[str, str]:
    """Definition of the settings of a card -> the plural of its kind."""
    kinds = [kind for kind in KINDS if kind not in ("runner", "augmentation")]
    told = {definitions().of(card.config): KINDS[kind] for kind in kinds for card in built_in(kind).values()}
    return told | {"any-measure": KINDS["measure"]}


def _refs(node: object) -> Iterator[str]:
    """Every definition that is referred to, at any depth."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


def _families(properties: Mapping[str, Schema]) -> str:
    """Which keys of a table may have several values, of which each makes a member of a family."""
    by_each = [key for key, field in properties.items() if _has_each(field)]
    others = [code(key) for key in properties if key not in by_each]
    if not by_each:
        return ""
    but = f", but not {several(others)}," if others else ""
    return (
        f"Any of these{but} may be `{{ each = […] }}`, which makes a [family](../../words.md): a member for each value."
    )


def _has_each(field: Schema) -> bool:
    return any("each" in option.get("properties", {}) for option in field.get("anyOf", ()))

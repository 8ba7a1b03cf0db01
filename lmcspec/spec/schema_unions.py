"""Where a spec names a card: by its bare name, or in a table of its settings, told from those of other cards."""

from collections.abc import Sequence

from lmcspec.catalog import Card, built_in, plug_ins
from lmcspec.spec.schema_definitions import Definitions, Told
from lmcspec.spec.schema_parts import keyed, union
from lmcspec.spec.schema_words import Schema


def cards(kind: str) -> list[Card]:
    """The cards of a kind, plug-ins included."""
    return [*built_in(kind).values(), *plug_ins(kind).values()]


def tables_of(kind: str, definitions: Definitions) -> list[str]:
    """The definitions of the settings of a kind's cards."""
    return list(dict.fromkeys(definitions.of(card.config) for card in cards(kind)))


def named(kind: str, definitions: Definitions) -> Schema:
    """A table told apart by the key of the kind, or the bare name where the rest has defaults."""
    words = describe_names(kind, definitions)
    tables = tables_of(kind, definitions)
    bare = {**_choice(dict(sorted(words.items()))), "description": "The name alone, where the rest has defaults."}
    bare = bare if words else {"type": "object"}
    return union([*([bare] if words else []), *map(ref, tables)], told_apart(tables, definitions), bare)


def ref(name: str) -> Schema:
    """What refers to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def told_apart(tables: Sequence[str], definitions: Definitions) -> list[tuple[Schema, Schema]]:
    """Each table where its key says that it is meant; a slip in the name; and a table that doesn't say which it is."""
    cases: list[tuple[Schema, Schema]] = []
    names: dict[str, list[str]] = {}
    for name in tables:
        key, called = definitions.told[name]
        every = definitions[name]["properties"][key]["enum"] if called else []
        condition = keyed({key: {"enum": every}}) if called else {}
        cases.append(({"type": "object", "required": [key], **condition}, ref(name)))
        names.setdefault(key, []).extend(every)
    for key, every in names.items():
        if every:
            slip = {"type": "object", "required": [key], **keyed({key: {"type": "string"}})}
            cases.append((slip, keyed({key: {"enum": every}})))
    return [*cases, ({"type": "object"}, {"anyOf": [*map(ref, tables)]})]


def describe_names(kind: str, definitions: Definitions) -> dict[str, str]:
    """What each name means that may stand alone, once the tables of the kind say by which names they are told."""
    words: dict[str, str] = {}
    for name in tables_of(kind, definitions):
        mine = [card for card in cards(kind) if definitions.of(card.config) == name]
        key = mine[0].key
        told = {word: meaning for card in mine for word, meaning in _words(card).items()}
        definitions[name]["properties"][key] = {
            **_choice(told),
            "description": _listed(told),
            "examples": [*told][:3],
        }
        definitions.told[name] = Told(key, tuple(card.name for card in mine))
        alone = definitions.required[name] in ([], [key])
        words |= (
            told if alone else {word: said for card in mine for word, said in _words(card).items() if word != card.name}
        )
    return words


def _choice(told: dict[str, str]) -> Schema:
    """One of some words, with what each means where editors look for that: those for YAML, and taplo."""
    docs = [*told.values()]
    return {"enum": [*told], "markdownEnumDescriptions": docs, "x-taplo": {"docs": {"enumValues": docs}}}


def _words(card: Card) -> dict[str, str]:
    """The names of a card, with what each means."""
    variants = {
        word: f"{card.name} with {', '.join(f'{key} = {_plain(value)}' for key, value in settings.items())}"
        for word, settings in card.variants.items()
    }
    return {card.name: card.doc} | variants


def _plain(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _listed(told: dict[str, str]) -> str:
    if len(told) == 1:
        return sentence(*told.values())
    return "; ".join(f"`{word}`: {meaning}" for word, meaning in told.items()) + "."


def sentence(doc: str) -> str:
    """What a card says of itself, as a sentence."""
    return f"{doc[:1].upper()}{doc[1:]}."

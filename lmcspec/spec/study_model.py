"""The model of a study, built from the cards: every name that can stand in a spec is known to the validator."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Discriminator, Field, Tag, create_model

from lmcspec.catalog import Card, Config, Several, built_in, find, get, plug_ins
from lmcspec.spec.recipe import Recipe
from lmcspec.spec.study import (
    Alignment,
    DatasetTable,
    Like,
    LoadedSet,
    MadeSet,
    Name,
    OtherSet,
    PrunedFirst,
    Stage,
    Study,
)

CARDS = ("model", "dataset", "optimiser", "schedule", "distiller", "matcher", "criterion", "measure", "plot")
"""The kinds of cards that a study is made of."""
_DEFAULTS = {"criterion": "magnitude", "schedule": "constant"}
"""What a stage prunes by, and how a rate goes, unless told."""


def study_model(names: Mapping[str, frozenset[str]] | None = None, *, plugged: bool = False) -> type[Study]:
    """The Study class whose unions hold the cards that `names` has by kind, or every card: plug-ins only if `plugged`.

    A few cards are built sooner than all, and a spec that is right reads the same with either. What is wrong with one
    can only be told from all of them. A name that no card has is left out.
    """
    if names is not None:
        wanted = {kind: {*names.get(kind, ()), *([_DEFAULTS[kind]] if kind in _DEFAULTS else [])} for kind in CARDS}
        named = [find(kind, name) for kind in CARDS for name in sorted(wanted[kind])]
        return _study_model(tuple(dict.fromkeys(card for card in named if card is not None)))
    every = [(*built_in(kind).values(), *(plug_ins(kind).values() if plugged else ())) for kind in CARDS]
    return _study_model(tuple(card for cards in every for card in cards))


@cache
def _study_model(chosen: tuple[Card, ...]) -> type[Study]:
    def cards(kind: str) -> list[Card]:
        return [card for card in chosen if card.kind == kind]

    datasets = {
        card.name: create_model(card.config.__name__, __base__=(card.config, DatasetTable), __module__=__name__)
        for card in cards("dataset")
    }
    model = _tagged(_configs(cards("model")), cards("model"))
    another: Any = (model | None, None)
    seed: Any = (Annotated[int, Field(ge=0)] | Literal["replicate"], 0)
    distillers: dict[str, type[Config]] = {
        card.name: create_model(
            card.config.__name__, __base__=(card.config, MadeSet), __module__=__name__, model=another, seed=seed
        )
        for card in cards("distiller")
    }
    dataset = _tagged(datasets, cards("dataset"))
    criterion = (_tagged(_configs(cards("criterion")), cards("criterion")), _default("criterion"))
    pruned = create_model("PrunedFirst", __base__=PrunedFirst, __module__=__name__, criterion=criterion)
    first: Any = (pruned | None, None)
    matchers: dict[str, type[Config]] = {
        card.name: create_model(
            card.config.__name__, __base__=(card.config, Alignment), __module__=__name__, prune=first
        )
        for card in cards("matcher")
    }
    other = create_model("OtherSet", __base__=OtherSet, __module__=__name__, dataset=(dataset, ...))
    sets: dict[str, type[Config]] = {**distillers, "load": LoadedSet, "dataset": other}
    stage = create_model("Stage", __base__=Stage, __module__=__name__, criterion=criterion)
    recipe = create_model(
        "Recipe",
        __base__=Recipe,
        __module__=__name__,
        optimiser=(_tagged(_configs(cards("optimiser")), cards("optimiser")), ...),
        schedule=(_tagged(_configs(cards("schedule")), cards("schedule")), _default("schedule")),
    )
    measures = _configs(cards("measure"))
    measure_names = set(measures)

    def fill_kind(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: {"kind": name, **table} if isinstance(table, dict) and name in measure_names else table
            for name, table in value.items()
        }

    fields: dict[str, Any] = {
        "dataset": (dataset, ...),
        "model": (model, ...),
        "recipes": (_by_name(recipe), Field(min_length=1)),
        "distilled": (_by_name(_tagged(sets, (), key="method", others=("load", "dataset"))), {}),
        "permutations": (_by_name(_tagged(matchers, (), key="method")), {}),
        "networks": (_by_name(_network(stage)), Field(min_length=1)),
        "figures": (_by_name(_tagged(_configs(cards("plot")), (), key="plot")), {}),
        "measures": (Annotated[_by_name(_tagged(measures, (), key="kind")), BeforeValidator(fill_kind)], {}),
    }
    return create_model("Study", __base__=Study, __module__=__name__, **fields)


def _default(kind: str) -> Config:
    return get(kind, _DEFAULTS[kind]).config()


def _by_name(value: Any) -> Any:
    return GenericAlias(dict, (Name, value))


def _configs(cards: Sequence[Card]) -> dict[str, type[Config]]:
    return {card.name: card.config for card in cards}


class _Nothing(Config):
    """Stands in a union that has fewer than the two members it needs; nothing that can be written makes one."""


def _tagged(
    configs: Mapping[str, type[Config]], cards: Sequence[Card], key: str = "name", others: Sequence[str] = ()
) -> Any:
    """A union told apart by one key; short forms and variants of a card are spelled out first.

    `others` are keys whose mere presence tells members that have no `key`.
    """
    variants = {name: (card.name, settings) for card in cards for name, settings in card.variants.items()}

    def spell_out(value: Any) -> Any:
        if isinstance(value, str):
            value = {key: value}
        if isinstance(value, dict) and isinstance(value.get(key), str) and value[key] in variants:
            name, settings = variants[value[key]]
            value = {**settings, **value, key: name}
        return value

    def tag(value: Any) -> str | None:
        if isinstance(value, dict):
            if told := [other for other in others if other in value]:
                return told[0]
            name = value.get(key)
            return name if isinstance(name, str) else None
        return getattr(value, key, next((other for other in others if hasattr(value, other)), None))

    wanted = configs if len(configs) > 1 else {**configs, "": _Nothing, "\n": _Nothing}
    members = tuple(Annotated[config, Tag(name)] for name, config in wanted.items())
    return Annotated[Union[members], Discriminator(tag), BeforeValidator(spell_out)]  # noqa: UP007


def _network(stage: type[Stage]) -> Any:
    def form(value: Any) -> str:
        if isinstance(value, dict):  # a lone stage is told that stages are a list, not that it lacks a `like`
            of_stages = stage.model_fields.keys() - Like.model_fields.keys()
            return "stages" if "like" not in value and not value.keys().isdisjoint(of_stages) else "like"
        return "like" if isinstance(value, Like) else "stages"

    return Annotated[
        Annotated[Several[stage], Field(max_length=100), Tag("stages")] | Annotated[Like, Tag("like")],
        Discriminator(form),
    ]

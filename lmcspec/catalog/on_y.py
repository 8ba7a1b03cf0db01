"""What a quantity means on the y axis of lines: of which measure which number it is."""

from collections.abc import Collection

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.metric import SPLITS, Metric
from lmcspec.catalog.registry import get, names


def taken_from(quantity: str, kinds: Collection[str], chosen: str = "") -> MeasureCard | None:
    """The kind of measure from which a quantity is taken: the chosen one, else that which names it first."""
    cards = [card for card in map(_card, names("measure")) if card.name in kinds and quantity in card.quantities]
    cards = [card for card in cards if any(metric.quantity == quantity for metric in card.metrics)]
    return min(cards, key=lambda card: (card.name != chosen, card.quantities.index(quantity)), default=None)


def usual(card: MeasureCard, quantity: str, split: str | None) -> Metric:
    """The number that a quantity is where a figure says no more than the images."""
    every = [metric for metric in card.metrics if metric.quantity == quantity]
    return next((metric for metric in every if metric.split in ("", split or SPLITS[0])), every[0])


def told(card: MeasureCard, quantity: str, known_by: Metric, split: str | None, metric: str | None) -> Metric | None:
    """The number that a figure's `split` and `metric` make of a quantity; None where there is none such.

    `known_by` says what they leave open: the images, an error or a loss, the policy for batch norm.
    """
    of_mistake = metric in ("error", "loss") and known_by.mistake
    changes = {"quantity": quantity if of_mistake else metric or quantity}
    changes |= {"split": split} if split and known_by.split else {}
    changes |= {"mistake": metric} if of_mistake else {}
    return card.metrics.called(metric or "") or card.metrics.like(known_by, **changes)


def _card(name: str) -> MeasureCard:
    card = get("measure", name)
    assert isinstance(card, MeasureCard)
    return card

"""The page of metrics: every number of every measure, its unit, and what it is called in MLflow."""

from collections.abc import Iterator

from docs.site.markdown import anchor, code, page, table
from lmcspec.catalog import MeasureCard, Metric, built_in
from lmcspec.report.tidy import Row
from lmcspec.track.names import chart

HEAD = ("metric", "quantity", "unit", "images", "batch norm", "in MLflow")


def pages() -> Iterator[tuple[str, str]]:
    """(path, text) of the page."""
    measures = [card for card in built_in("measure").values() if isinstance(card, MeasureCard)]
    yield (
        "reference/metrics.md",
        page(
            "# Metrics",
            "What `lmcspec results SPEC --format csv` has in its column `metric`, and how it is read. Shares are "
            "between 0 and 1 in results and in MLflow, and in percent or points where people read them. In MLflow a "
            "metric stands in the run of a network and replicate, a level a step; of measures at a k its name says so: "
            f"{code(_at('3ep'))} for the third epoch. [Definitions](../definitions.md) has the formulas.",
            *map(_measure, measures),
        ),
    )


def _measure(card: MeasureCard) -> str:
    rows = [*map(_row, card.metrics.fixed), *(_row(metric, "/LAYER") for metric in card.metrics.by_layer)]
    link = f"[{card.doc}](cards/measures.md#{anchor(card.name)})"
    nothing = f"It reads the numbers of `{card.reads}`." if card.reads else "It has none in results."
    return page(
        f"## {card.name} {{ #{anchor(card.name)} }}",
        f"{link[0]}{link[1:2].upper()}{link[2:]}.",
        table(HEAD, rows) if rows else nothing,
    )


def _row(metric: Metric, layer: str = "") -> tuple[str, ...]:
    policy = metric.policy or "–"
    return (
        code(metric.name + layer),
        metric.quantity + (f" of {metric.mistake}" if metric.mistake else ""),
        metric.unit.sign or "–",
        metric.split or "–",
        policy,
        code(_in_mlflow(metric)) or "–",
    )


def _at(k: str) -> str:
    """What instability on test images is called at this k."""
    stability = built_in("measure")["stability"]
    assert isinstance(stability, MeasureCard)
    return _in_mlflow(next(metric for metric in stability.metrics.fixed if metric.name == "instability/test"), k)


def _in_mlflow(metric: Metric, k: str = "") -> str:
    """The name of its chart where its measure goes by the name of its kind."""
    row = Row("", "imp", 1, 0, metric.measure, metric, None, None, None, 1, "", "ok", at=k, at_updates=1)
    told = chart(row)
    return told.name if told else ""

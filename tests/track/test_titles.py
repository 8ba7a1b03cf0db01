"""What stands above charts and in the menu of views, and where links lead."""

import json
from types import SimpleNamespace
from typing import Any

from lmcspec.catalog import MeasureCard, built_in
from lmcspec.track import names, view


def chart(measure: str, name: str, k: str = "", kind: str = "") -> names.Chart:
    card = built_in("measure")[kind or measure]
    assert isinstance(card, MeasureCard)
    row: Any = SimpleNamespace(measure=measure, metric=card.metrics.called(name), k=k, way="")
    of_row = names.chart(row)
    assert of_row is not None
    return of_row


ACCURACY = chart("accuracy", "test/accuracy")
INSTABILITY = chart("stability", "instability/test", "0")
FEW = [
    chart("stability", "barrier/test", "0"),
    INSTABILITY,
    chart("stability", "instability/train", "0"),
    names.SPARSITY,
    ACCURACY,
]


def titles(every):
    shown = json.loads(view.document(every))["compareRunCharts"]
    return {chart["metricKey"]: chart["displayName"] for chart in shown}


def test_titles_are_short_and_no_two_alike():
    """The section of a metric's name is left out where that leaves it the only one; the names themselves stay."""
    assert titles(FEW) == {
        "test/accuracy": "accuracy",
        "lmc/instability k0": "instability k0",
        "mask/sparsity": "sparsity",
        "lmc/instability k0 train": "instability k0 train",
        "lmc/barrier k0": "barrier k0",
    }
    of_dense = chart("dense_lmc", "instability/test", "0", "stability")
    both = titles([INSTABILITY, of_dense])
    assert both == {"lmc/instability k0": "lmc/instability k0", of_dense.name: of_dense.name}


def test_a_chart_of_several_metrics_has_its_title_too():
    """MLflow takes one of its own only where it takes the metrics for those of several machines."""
    (alone, beside) = json.loads(view.document([ACCURACY, INSTABILITY, INSTABILITY.floor]))["compareRunCharts"]
    assert "nodeLevelSystemMetricConfiguration" not in alone
    assert beside["selectedMetricKeys"] == ["lmc/instability k0", "lmc/instability k0 floor"]
    assert beside["nodeLevelSystemMetricConfiguration"] and beside["displayName"] == "instability k0"


def test_the_view_stands_in_the_menu_under_a_name():
    text = view.document(FEW)
    entry = json.loads(view.named(text))
    assert (entry["name"], entry["state"]) == ("Charts by level", text)
    assert {type(entry[key]) for key in ("createdAt", "updatedAt")} == {int}
    assert view.named(text) == view.named(text)
    many = [chart("stability", "instability/test", f"{k}it") for k in range(1000)]
    assert len(view.named(view.document(many))) <= view.LONGEST


def test_links_open_in_the_workflow_of_training():
    assert view.link("http://here", "7") == (
        "http://here/#/experiments/7/runs?compareRunsMode=CHART&viewStateShareKey=lmcspec&workflowType=machine_learning"
    )
    assert view.page_of("7", "ab") == "#/experiments/7/runs/ab?workflowType=machine_learning"
    assert view.page_of("7", "ab", "a b.html") == (
        "#/experiments/7/runs/ab/artifacts/a%20b.html?workflowType=machine_learning"
    )
    assert view.invocations("7") == (
        "#/experiments/7/runs?searchFilter=tags.%60lmcspec.kind%60%20%3D%20%27invocation%27&workflowType=machine_learning"
    )

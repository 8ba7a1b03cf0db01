"""What people see first when they open an experiment: the current series by level, all of them, and nothing else.

MLflow's own page begins with ten of the latest runs, tasks among them, and a chart of everything. It can show a shared
view instead: a tag of the experiment holds it, and a link names the tag.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lmcspec.track.names import FLOOR

KEY = "lmcspec"
TAG = f"mlflow.sharedViewState.{KEY}"
FILTER = "tags.`lmcspec.kind` = 'series' and tags.`lmcspec.current` = 'true'"
FIRST = ("test/accuracy", "lmc/instability")
"""What the charts begin with."""
LONGEST = 20_000
"""Characters that MLflow takes as the value of a tag."""
ASIDE = (" train", " recompute")
"""Of a path, what few look at."""


def link(server: str, experiment: str) -> str:
    """The page of an experiment with this view."""
    return f"{server}/#/experiments/{experiment}/runs?compareRunsMode=CHART&viewStateShareKey={KEY}"


def document(metrics: Iterable[str]) -> str:
    """The view as MLflow keeps it: a chart for each metric, its levels on the x axis, and its noise floor beside it.

    Of more than a tag can hold the first ones: a server would refuse the whole view.
    """
    every = set(metrics)
    ordered = sorted((metric for metric in every if metric.removesuffix(FLOOR) not in every - {metric}), key=_place)
    main = [metric for metric in ordered if metric.startswith((*FIRST, "mask/")) and not metric.endswith(ASIDE)]
    sections = {"by level": main, "more": [metric for metric in ordered if metric not in main]}
    charts = [
        _chart([one for one in (metric, metric + FLOOR) if one in every], name)
        for name, own in sections.items()
        for metric in own
    ]
    while len(text := _text(sections, charts)) > LONGEST and charts:
        charts.pop()
    return text


def _text(sections: Iterable[str], charts: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(
        {
            "searchFilter": FILTER,
            "runsHiddenMode": "SHOW_ALL",
            "isAccordionReordered": True,
            "compareRunSections": [
                {"uuid": name, "name": name, "display": name == "by level", "isReordered": True} for name in sections
            ],
            "compareRunCharts": charts,
        }
    )


def _place(metric: str) -> tuple[int, bool, str]:
    """Test accuracy, then instability on test, the rest by name."""
    first = next((place for place, name in enumerate(FIRST) if metric.startswith(name)), len(FIRST))
    return first, metric.endswith(ASIDE), metric


def _chart(metrics: Sequence[str], section: str) -> dict[str, Any]:
    """A chart of a metric and, broken, of those after it."""
    metric = metrics[0]
    return {
        "type": "LINE",
        "uuid": f"{KEY} {metric}",
        "metricSectionId": section,
        "deleted": False,
        "isGenerated": False,
        "runsCountToCompare": 100,
        "metricKey": metric,
        "selectedMetricKeys": list(metrics),
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
        "displayPoints": True,
    }

"""What people see first when they open an experiment: the current series by level, all of them, and nothing else.

MLflow's own page begins with ten of the latest runs, tasks among them, and a chart of everything. It can show a shared
view instead: a tag of the experiment holds it, and a link names the tag.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lmcspec.track.names import Chart

KEY = "lmcspec"
TAG = f"mlflow.sharedViewState.{KEY}"
FILTER = "tags.`lmcspec.kind` = 'series' and tags.`lmcspec.current` = 'true'"
LONGEST = 20_000
"""Characters that MLflow takes as the value of a tag."""


def link(server: str, experiment: str) -> str:
    """The page of an experiment with this view."""
    return f"{server}/#/experiments/{experiment}/runs?compareRunsMode=CHART&viewStateShareKey={KEY}"


def document(every: Iterable[Chart]) -> str:
    """The view as MLflow keeps it: each chart with its levels on the x axis, and its noise floor beside it.

    Of more than a tag can hold the first ones: a server would refuse the whole view.
    """
    known = {one.name: one for one in every}
    ordered = sorted(
        (one for one in known.values() if one.beside not in known), key=lambda one: (one.rank, one.aside, one.name)
    )
    sections = {"by level": [one for one in ordered if one.main], "more": [one for one in ordered if not one.main]}
    charts = [
        _chart([name for name in (one.name, one.floor.name) if name in known], section)
        for section, own in sections.items()
        for one in own
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

"""What people see first when they open an experiment: the current series by level, all of them, and nothing else.

MLflow's own page begins with ten of the latest runs, tasks among them, and a chart of everything. It can show a shared
view instead: a tag of the experiment holds it, and a link names the tag.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
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

    Numbers under several permutations are lines of one chart, in the order in which they come, without their floors. Of
    more than a tag can hold the first ones: a server would refuse the whole view.
    """
    known = {chart.name: chart for chart in every}
    ordered = sorted(
        (chart for chart in known.values() if chart.beside not in known),
        key=lambda chart: (chart.rank, chart.aside, chart.name),
    )
    sections = {
        "by level": [chart for chart in ordered if chart.main],
        "more": [chart for chart in ordered if not chart.main],
    }
    charts = [
        _chart(title, _lines(of_one, known), section)
        for section, in_section in sections.items()
        for title, of_one in _together(in_section, known).items()
    ]
    while len(text := _text(sections, charts)) > LONGEST and charts:
        charts.pop()
    return text


def _together(charts: Iterable[Chart], known: Iterable[str]) -> dict[str, list[Chart]]:
    """Charts by the name of that in which they are lines."""
    place = {name: number for number, name in enumerate(known)}
    by_title: dict[str, list[Chart]] = {}
    for chart in charts:
        by_title.setdefault(chart.together or chart.name, []).append(chart)
    return {title: sorted(several, key=lambda chart: place[chart.name]) for title, several in by_title.items()}


def _lines(charts: Sequence[Chart], known: Container[str]) -> list[str]:
    if len(charts) > 1:
        return [chart.name for chart in charts]
    return [name for name in (charts[0].name, charts[0].floor.name) if name in known]


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


def _chart(title: str, metrics: Sequence[str], section: str) -> dict[str, Any]:
    """A chart of a metric and, broken, of those after it."""
    metric = metrics[0]
    return {
        "type": "LINE",
        "uuid": f"{KEY} {title}",
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

"""What people see first when they open an experiment: the current series by level, all of them, and nothing else.

MLflow's own page begins with ten of the latest runs, tasks among them, and a chart of everything. It can show a shared
view instead: a tag of the experiment holds it, and a link names the tag. The same view once more, with a name, stands
in the menu of views that MLflow has since 3.15.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lmcspec.track.names import Chart

KEY = "lmcspec"
TAG = f"mlflow.sharedViewState.{KEY}"
NAMED = f"{TAG}-named"
"""The tag of the view as the menu takes it. No link names it: earlier versions can't read it."""
NAME = "Charts by level"
WORKFLOW = "workflowType=machine_learning"
"""Without this in an address MLflow shows its pages for agents, whatever the experiment holds."""
FILTER = "tags.`lmcspec.kind` = 'series' and tags.`lmcspec.current` = 'true'"
COLUMNS = 2
"""Charts side by side. Of MLflow's three none has room for its title in a window of 1,280 pixels."""
LONGEST = 20_000
"""Characters that MLflow takes as the value of a tag."""


def link(server: str, experiment: str) -> str:
    """The page of an experiment with this view."""
    return f"{server}/{charts(experiment)}"


def charts(experiment: str) -> str:
    """The same page, within MLflow's."""
    return f"#/experiments/{experiment}/runs?compareRunsMode=CHART&viewStateShareKey={KEY}&{WORKFLOW}"


def invocations(experiment: str) -> str:
    """The list of invocations, whose files are reports. By their tag: what is lost is made again as another run."""
    asked = quote("tags.`lmcspec.kind` = 'invocation'")
    return f"#/experiments/{experiment}/runs?searchFilter={asked}&{WORKFLOW}"


def page_of(experiment: str, run: str, file: str = "") -> str:
    """The page of a run within MLflow's, or of one of its files."""
    beneath = f"/artifacts/{quote(file)}" if file else ""
    return f"#/experiments/{experiment}/runs/{run}{beneath}?{WORKFLOW}"


def named(view: str) -> str:
    """A document as the menu takes it. Its times, which would be another's at each telling, are of no day."""
    return json.dumps({"name": NAME, "createdAt": 0, "updatedAt": 0, "state": view})


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
    drawn = [
        (name, _lines(of_one, known), section)
        for section, in_section in sections.items()
        for name, of_one in _together(in_section, known).items()
    ]
    titles = _titles(name for name, *_ in drawn)
    charts = [_chart(name, titles[name], lines, section) for name, lines, section in drawn]
    while len(named(text := _text(sections, charts))) > LONGEST and charts:
        charts.pop()
    return text


def _titles(names: Iterable[str]) -> dict[str, str]:
    """What stands above each chart: its name without the section, where that leaves no two alike."""
    leaves = {name: name.rpartition("/")[2] for name in names}
    uses = Counter(leaves.values())
    return {name: leaf if uses[leaf] == 1 else name for name, leaf in leaves.items()}


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
                {"uuid": name, "name": name, "display": name == "by level", "isReordered": True, "columns": COLUMNS}
                for name in sections
            ],
            "compareRunCharts": charts,
        }
    )


def _chart(name: str, title: str, metrics: Sequence[str], section: str) -> dict[str, Any]:
    """A chart of a metric and, broken, of those after it."""
    metric = metrics[0]
    return {
        "type": "LINE",
        "uuid": f"{KEY} {name}",
        "displayName": title,
        # Above several metrics MLflow writes the names of all, joined by "vs", and cuts them off; but where it takes
        # them for one metric of several machines it writes the title.
        **({"nodeLevelSystemMetricConfiguration": {"metric": metric, "type": "node"}} if len(metrics) > 1 else {}),
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

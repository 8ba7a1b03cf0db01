"""The first view of an experiment: which charts, and that a server can keep it."""

import json
from types import SimpleNamespace

from lmcspec.catalog import built_in
from lmcspec.track import names, view


def chart(measure, name, k="", kind="", way=""):
    metric = built_in("measure")[kind or measure].metrics.called(name)
    return names.chart(SimpleNamespace(measure=measure, metric=metric, k=k, way=way))


FEW = [
    chart("stability", "barrier/test", "0"),
    chart("stability", "instability/test", "0"),
    chart("stability", "instability/train", "0"),
    names.SPARSITY,
    chart("accuracy", "test/accuracy"),
]


def charts(every) -> list[str]:
    text = view.document(every)
    assert len(text) <= 20_000
    return [chart["metricKey"] for chart in json.loads(text)["compareRunCharts"]]


def test_what_people_look_for_comes_first():
    assert charts(FEW) == [
        "test/accuracy",
        "lmc/instability k0",
        "mask/sparsity",
        "lmc/instability k0 train",
        "lmc/barrier k0",
    ]


def test_a_noise_floor_is_in_the_chart_of_its_number():
    floors = [one.floor for one in FEW[:3]]
    assert charts([*FEW, *floors]) == charts(FEW)
    shown = {
        chart["metricKey"]: chart["selectedMetricKeys"]
        for chart in json.loads(view.document([*FEW, *floors]))["compareRunCharts"]
    }
    assert shown["lmc/instability k0"] == ["lmc/instability k0", "lmc/instability k0 floor"]
    assert shown["lmc/instability k0 train"] == ["lmc/instability k0 train", "lmc/instability k0 train floor"]
    assert shown["test/accuracy"] == ["test/accuracy"]


def test_permutations_are_lines_of_one_chart():
    """In the order of the study; with a single one its floor is beside it."""
    ways = [chart("connectivity", "barrier/test", way=way) for way in ("none", "wm", "am", "chance")]
    alone = chart("connectivity", "instability/test", way="wm")
    every = [one for way in (*ways, alone) for one in (way, way.floor)]
    shown = {one["uuid"]: one["selectedMetricKeys"] for one in json.loads(view.document(every))["compareRunCharts"]}
    assert shown == {
        "lmcspec lmc/barrier": [f"lmc/barrier under {way}" for way in ("none", "wm", "am", "chance")],
        "lmcspec lmc/instability": ["lmc/instability under wm", "lmc/instability under wm floor"],
    }


def test_of_more_than_a_tag_holds_the_first():
    """Ten steps k, two measures, two splits: an experiment of one paper."""
    many = [
        chart(measure, f"{what}/{split}", f"{k}it", "stability")
        for measure in ("dense_lmc", "stability")
        for what in ("instability", "barrier")
        for k in range(0, 5000, 500)
        for split in ("test", "train")
    ]
    shown = charts([*many, *FEW])
    assert 20 < len(shown) < len(many)
    assert shown[0] == "test/accuracy"
    assert {f"lmc/instability k{k}it" for k in range(0, 5000, 500)} < set(shown)

"""The figures of the distilled-pruning papers from real, tiny trainings: everything that they rest on, end to end."""

import re
from pathlib import Path

import pytest

from lmcspec.cli.app import main

SPEC = """
study = "tiny"
replicates = 2
dataset = "digits"
model = { name = "convnet2", width = 4 }
[recipes.real]
length = "2ep"
batch = 128
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 5e-4 }
[recipes.distilled]
extends = "real"
batch = 10
length = "10ep"
[distilled]
syn = { method = "dm", model = { name = "convnet2", width = 6 }, ipc = 1, iterations = 3, batch = 20 }
[networks]
dense = []
imp = [{ rounds = 2, fraction = 0.5 }]
syn = [{ data = "syn", rounds = 2, fraction = 0.5 }]
coded = [{ extends = "idc/stage-as-released", data = "syn", rounds = 2, fraction = 0.5 }]
[measures]
accuracy  = {}
own       = { kind = "set-accuracy", set = "syn", evaluate = "distilled" }
stability = { extends = "idc/stability", levels = "all", points = 3, images = 200, bn_images = 100 }
released  = { extends = "idc/stability-as-released", networks = ["coded"], levels = [2], points = 3, images = 200 }
landscape = { extends = "idc/landscape", networks = ["imp", "syn"], levels = ["dense", 2], grid = 5, images = 100 }
plane     = { extends = "idc/landscape-as-released", networks = ["syn"], levels = [2], grid = 5, images = 100 }
hessian   = { extends = "idc/hessian", networks = ["imp", "syn"], levels = ["dense", 2], batch = 20, batches = 1, diagonal = "estimated", probes = 8 }
overlap   = { networks = ["syn"], levels = "all", against = "imp" }
[figures]
surface   = { plot = "path-surface", networks = ["syn", "imp"], panels = "network", metric = "loss", split = "train" }
combined  = { plot = "error-along-path", measure = "stability", metric = "loss", split = "train", levels = ["dense", 2] }
images    = { plot = "images" }
landscape = { plot = "landscape", measure = "landscape" }
plane     = { plot = "landscape", measure = "plane", metric = "error" }
hessian   = { plot = "hessian" }
cost      = { plot = "cost", x = "sparsity", networks = ["imp", "syn"] }
overview  = { plot = "overview", networks = ["syn"], baseline = "imp", levels = [1, 2], x = "barrier-ratio", y = "accuracy-ratio", size = "compression", series = "case" }
[[sweep.cases]]
case = "one"
[[sweep.cases]]
case = "two"
distilled.syn.ipc = 2
"""
pytestmark = pytest.mark.slow
OF_ALL = ("overview",)
OF_EACH = ("surface", "combined", "images", "landscape", "plane", "hessian", "cost")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.toml").write_text(SPEC)
    store = ["--store", str(folder / "store")]
    for command in (["run", "--runner", "inline", "--no-tracking"], ["report", "-o", str(folder / "report")]):
        with pytest.raises(SystemExit, match=r"^0$"):
            main([command[0], str(folder / "tiny.toml"), *store, *command[1:]])
    return folder / "report"


def test_every_figure_comes_out(report):
    expected = {*OF_ALL, *(f"{case}-{name}" for case in ("one", "two") for name in OF_EACH)}
    found = {path.name for path in report.iterdir()}
    assert found == {"report.html"} | {f"{name}.{suffix}" for name in expected for suffix in ("svg", "png")}


def test_its_page_has_nothing_to_excuse(report):
    # The spec, which is folded away, says of masks on paths that they are dropped.
    page = re.sub(r"<pre\b.*?</pre>", "", (report / "report.html").read_text(), flags=re.DOTALL)
    for excuse in ("not in the store yet", "is not there", "dropped", "can&#39;t be drawn"):
        assert excuse not in page
    assert "mean magnitude" in page, "the table of the Hessian"
    assert "What finding each network" in page, "and what the masks cost"

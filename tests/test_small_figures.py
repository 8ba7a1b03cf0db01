"""A small figure of "Linear Mode Connectivity and the Lottery Ticket Hypothesis" on real digits and photographs."""

import re
from pathlib import Path

import pytest

import lmcspec
from lmcspec.cli.app import main

SMALL = Path(__file__).parents[1] / "specs" / "instability" / "small"


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_figure_2_comes_out_of_its_spec(unpacked_data, tmp_path):
    """Both panels with training and test images, from MNIST and from CIFAR-10 as JPEGs; LeNet's is the flat one."""
    spec = tmp_path / "figure2.toml"
    spec.write_text(
        f"""
        extends = ["{SMALL / "figure2.toml"}"]
        replicates = 1
        [[sweep.cases]]
        case = "lenet"
        dataset.root = "{unpacked_data}"
        [[sweep.cases]]
        case = "r20-std"
        dataset = {{ name = "cifar10-jpeg", root = "{unpacked_data / "cifar10"}" }}
        """
    )
    results = lmcspec.load(spec).plan(tmp_path / "store").run(workers=2, track=False, progress=False)
    frame = results.frame()
    assert (frame.outcome == "ok").all()
    rise = frame[frame.metric == "instability/test"].groupby("case").value
    assert dict(rise.count()) == {"lenet": 1, "r20-std": 1}
    assert rise.max()["lenet"] < 0.02 < rise.min()["r20-std"]
    with pytest.raises(SystemExit) as end:
        main(["report", str(spec), "--store", str(tmp_path / "store"), "-o", str(tmp_path / "report")])
    assert end.value.code == 0
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"figure2.png", "figure2.svg", "report.html"}
    page = (tmp_path / "report" / "report.html").read_text()
    assert re.search(r"Figure 2: error between copies of dense networks", page)

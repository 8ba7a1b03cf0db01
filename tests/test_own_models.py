"""A package with a vision transformer goes through everything: IMP with rewinding, stability, Hessian, GraSP, SNIP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "own_models"
pytestmark = pytest.mark.slow  # the run that all look at takes 19 s


@pytest.fixture(scope="module")
def lmcspec(tmp_path_factory):
    """The command line, with the package as pip would have installed it."""
    place = tmp_path_factory.mktemp("installed")
    installed = place / "lmcspec_vit-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: lmcspec-vit\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text("[lmcspec.cards]\nvit = lmcspec_vit.cards\n")
    path = os.pathsep.join([str(HERE), str(place), os.environ.get("PYTHONPATH", "")])
    program = [sys.executable, "-c", "from lmcspec.cli import main; main()"]

    def call(*arguments):
        environment = {**os.environ, "PYTHONPATH": path, "LMCSPEC_STORE": str(place / "store")}
        ran = subprocess.run([*program, *arguments], capture_output=True, text=True, env=environment)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return ran.stdout

    return call


@pytest.fixture(scope="module")
def rows(lmcspec):
    said = lmcspec("run", str(HERE / "vit.toml"), "--runner", "inline", "--no-tracking", "--format", "json")
    return json.loads(said)["data"]["results"]


def test_all_of_it_has_numbers(rows):
    assert {row["outcome"] for row in rows} <= {"ok", "chance"}
    assert all(row["value"] is not None for row in rows)
    assert {row["network"] for row in rows} == {"imp", "grasp", "snip"}
    instabilities = [row for row in rows if row["metric"].startswith("instability/test")]
    assert {(row["level"], row["at_updates"]) for row in instabilities} == {(0, 0), (0, 12), (2, 6), (2, 12)}


def test_hessians_on_the_way_are_told_apart(rows):
    found = {
        (row["level"], row["at_updates"]): row["value"]
        for row in rows
        if row["measure"] == "hessian" and row["metric"] == "trace"
    }
    # Level 0 begins at the initialisation, deeper ones where they rewind to; the end is update 24.
    assert found.keys() == {(0, 0), (0, 12), (0, 24), (2, 6), (2, 12), (2, 24)}
    assert len(set(found.values())) == len(found)


def test_the_sparsity_counts_attention_s_projections(rows):
    # patches 16x8, q k v 3x64 and out 64 twice, mlp 128 twice, classifier 80
    prunable = 16 * 8 + 2 * (3 * 64 + 64) + 2 * 128 + 80
    (density,) = {row["density"] for row in rows if row["network"] == "grasp" and row["level"] == 1}
    assert density == pytest.approx(int(prunable * 0.5 + 0.5) / prunable)


def test_the_report_draws_what_was_measured_on_the_way(lmcspec, rows, tmp_path):
    lmcspec("report", str(HERE / "vit.toml"), "-o", str(tmp_path))
    page = next(tmp_path.glob("*.html")).read_text()
    assert "k = 12it" in page or "k=12it" in page


def test_initial_weights_differ_between_replicates_and_rules(lmcspec):
    losses = [_untrained(lmcspec, init) for init in ("default", "own")]
    assert len({loss for two in losses for loss in two}) == 4


def _untrained(lmcspec, init):
    """The test losses of two replicates without pruning."""
    changes = {
        "replicates": 2,
        "model.init": f'"{init}"',
        "networks.imp": [],
        "measures.stability.levels": '["dense"]',
        "measures.hessian.levels": '["dense"]',
    }
    asked = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    said = lmcspec("run", str(HERE / "vit.toml"), *asked, "--runner", "inline", "--no-tracking", "--format", "json")
    rows = json.loads(said)["data"]["results"]
    return [row["value"] for row in rows if (row["network"], row["level"], row["metric"]) == ("imp", 0, "test/loss")]

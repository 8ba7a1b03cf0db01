"""Floors of noise: of averages over pairs and replicates, in tables, verdicts and figures, and where none is known."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_for_tests import draw
from results_for_tests import Result, Results, made_up, metric, plan_of
from safetensors.numpy import save_file
from test_table import printed

from lmcspec.report import summarise, tidy
from lmcspec.report.noise import FILE, WORDS, Draws, Floor, floor, noise_of
from lmcspec.report.page import legend_of
from lmcspec.report.results_table import results_table
from lmcspec.report.verdicts import stable

STUDY = """
networks.imp = [{ data = "real", rounds = 2 }]
measures.stability = { levels = [0, 2], at = [0, 3], points = 3, copies = 3 }
"""
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Stored:
    scalars: dict[str, Any]
    out: Path
    outcome: str = "ok"
    has_outputs: bool = True
    record: dict[str, Any] = field(default_factory=lambda: {"seconds": 1})


def left(folder: Path, draws: np.ndarray, policy="average") -> Path:
    """The draws of one path, the same for all of its numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [
        f"{number}/{split}" for number in ("instability", "barrier", "midpoint") for split in ("test", "test-loss")
    ]
    save_file({f"{policy}/{name}": draws.astype(np.float32) for name in names}, folder / FILE)
    return folder


def filled(plan, folder, instability, scale=0.01) -> Any:
    """Results whose paths left draws, with each replicate's and pair's own."""
    store = Results(dict(made_up(plan, lambda target: instability).found))
    for number, one in enumerate(plan.targets):
        draws = scale * np.random.default_rng(number).random(100)
        result = store.found[one.task]
        assert isinstance(result, Result)
        own = Stored({**result.scalars, "images": {"test": 500}}, left(folder / one.task[:12], draws))
        store.found[one.task] = own  # pyright: ignore[reportArgumentType]
    return store


@pytest.fixture(scope="module")
def plan():
    return plan_of(STUDY)


def test_the_floor_of_an_average_is_that_of_averaged_draws(tmp_path):
    own = {place: RNG.random(300) for place in ((0, 0), (0, 1), (1, 0))}
    noises = {
        place: Draws(left(tmp_path / f"{place}", draws), "average", "instability/test", 500)
        for place, draws in own.items()
    }
    replicates = ((noises[0, 0], noises[0, 1]), (noises[1, 0],))
    draws = ((own[0, 0] + own[0, 1]) / 2 + own[1, 0]) / 2
    found = floor(replicates)
    assert found is not None
    assert (found.expected, found.high) == (
        pytest.approx(draws.mean()),
        pytest.approx(np.quantile(draws, 0.95), rel=1e-5),
    )
    assert found.images == 500
    alone = [floor(((one,),)) for one in noises.values()]
    assert found.high < min(one.high for one in alone if one), "an average is less noisy than any of its parts"


def test_it_lies_between_what_is_expected_and_the_largest(plan, tmp_path):
    rows = [one for one in tidy(plan, filled(plan, tmp_path, 0.02)) if one.headline]
    assert all(len(one.noise) == one.n == 3 for one in rows)
    for cell in summarise(rows).values():
        assert cell.floor is not None
        assert 0 < cell.floor.expected < cell.floor.high < 0.01
        assert not cell.is_noise


@pytest.mark.parametrize("instability", [0.0, 0.002, 0.009, 0.019])
def test_tables_and_verdicts_say_so(plan, tmp_path, instability):
    store = filled(plan, tmp_path, instability)
    text = printed(plan, store)
    flat = " ".join(text.split())
    assert " floor 0." in flat
    assert "floor: what the choice of images alone makes of it in 19 of 20 cases where nothing rises" in flat
    assert legend_of([results_table(tidy(plan, store))]).endswith(WORDS)
    assert ("stable, within the noise of 500 images (n = 3)" in flat) == (instability < 0.005)


def test_noise_can_be_larger_than_the_threshold(plan, tmp_path):
    """Of few images no verdict is safe: an unstable one may be noise, too."""
    cells = summarise(one for one in tidy(plan, filled(plan, tmp_path, 0.03, scale=0.1)) if one.headline)
    verdicts = {str(stable(cell, 0.02)) for cell in cells.values()}
    assert verdicts == {"unstable, within the noise of 500 images (n = 3)"}


def test_figures_have_dotted_lines_at_the_floor(plan, tmp_path):
    store = filled(plan, tmp_path, 0.004)
    names = {"a": {"plot": "instability-vs-sparsity"}, "b": {"plot": "instability-vs-step"}}
    for drawing in draw(plan, store, **names).values():
        assert (
            " Dotted, or a stroke: what the choice of 500 images alone makes of it in 19 of 20 cases" in drawing.caption
        )
        dotted = [line for axes in drawing.figure.axes for line in axes.lines if line.get_label() == "_floor"]
        assert dotted
        assert all(0 < y < 1 for line in dotted for y in line.get_ydata())


@pytest.mark.parametrize("broken", ["missing", "garbage", "folder", "empty", "other numbers", "not finite"])
def test_where_draws_are_not_there_no_floor_is_known(plan, tmp_path, broken):
    """And nothing else is lost."""
    store = filled(plan, tmp_path, 0.02)
    for one in store.found.values():
        if isinstance(one, Stored):
            file = one.out / FILE
            file.unlink(missing_ok=True)
            match broken:
                case "garbage":
                    file.write_bytes(b"\x00" * 50)
                case "folder":
                    file.mkdir(exist_ok=True)
                case "empty":
                    file.touch()
                case "other numbers":
                    save_file({"average/other": np.zeros(3, np.float32)}, file)
                case "not finite":
                    left(one.out, np.full(10, np.nan))
    text = printed(plan, store)
    assert "floor" not in text
    assert "2.00 ± 0.00 (3)" in text


def test_results_of_before_have_none(plan):
    rows = tidy(plan, made_up(plan, lambda target: 0.02))
    assert all(one.noise == () and one.floor is None for one in rows)


def test_policies_that_are_one_stand_there_once(tmp_path):
    noise = noise_of(left(tmp_path / "p", np.linspace(0, 1, 101)), metric("instability/test@recompute"), {"test": 9})
    assert noise == Draws(tmp_path / "p", "recompute", "instability/test", 9)
    assert floor(((noise,),)) == Floor(pytest.approx(0.5), pytest.approx(0.95), 9)
    assert noise_of(tmp_path, metric("distance", "stability"), {"test": 9}) is None
    assert noise_of(tmp_path, metric("instability/train-loss"), {"test": 9}) is None


def test_documents_of_rows_hold_plain_data(plan, tmp_path):
    import json

    rows = tidy(plan, filled(plan, tmp_path, 0.02))
    documents = [one.document() for one in rows]
    assert json.dumps(documents)
    assert all(one["floor"] > 0 for one in documents if one["metric"].startswith("instability"))

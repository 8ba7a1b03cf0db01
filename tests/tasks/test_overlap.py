"""What a mask leaves of each layer, and shares with another, as a task."""

import pytest
import torch
from context_for_tests import MLP, Done, do

from lmcspec.science import masks
from lmcspec.tasks import read
from lmcspec.tasks.overlap import Overlap
from lmcspec.tasks.overlap import run as overlap


def written(folder, every) -> Done:
    """A mask without every so-manieth weight of each tensor."""
    folder.mkdir()
    dense = masks.dense(read.module(MLP))
    mask = {name: torch.arange(keep.numel()).view(keep.shape) % every > 0 for name, keep in dense.items()}
    read.write(folder / read.MASK, mask)
    return Done(folder)


def test_sparsities_of_layers_and_what_two_masks_share(tmp_path):
    a, b = written(tmp_path / "a", 2), written(tmp_path / "b", 3)
    alone = do(overlap, tmp_path / "alone", Overlap(MLP), {}, inputs={"mask": a})
    both = do(overlap, tmp_path / "both", Overlap(MLP), {}, inputs={"mask": a, "other": b})
    sizes = {name.removesuffix(".weight"): keep.numel() for name, keep in masks.dense(read.module(MLP)).items()}
    assert set(alone.scalars["metrics"]) == {"sparsity", *(f"layer-sparsity/{name}" for name in sizes)}
    found = both.scalars["metrics"]
    for name, size in sizes.items():
        left, common = size // 2, sum(place % 2 > 0 and place % 3 > 0 for place in range(size))
        counts = {"size": size, "a": left, "b": sum(place % 3 > 0 for place in range(size)), "both": common}
        assert both.scalars["layers"][name] == counts
        assert found[f"layer-sparsity/{name}"] == pytest.approx(1 - left / size)
        assert found[f"layer-overlap/{name}"] == pytest.approx(common / left)
    assert found["overlap-by-chance"] == pytest.approx(2 / 3, abs=0.01)
    assert not list(both.out.iterdir()), "numbers only"

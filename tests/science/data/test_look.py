import numpy as np
import pytest
import torch
from PIL import Image

from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.look import save_grid, visible
from lmcspec.science.data.resident import enter
from lmcspec.science.data.space import Space


@pytest.mark.parametrize("space", [Space("raw"), Space("standardised", (0.4,) * 3, (0.2,) * 3), Space("zca")])
def test_images_come_back_from_their_space(space):
    bytes_ = np.random.default_rng(0).integers(0, 256, (60, 3, 6, 6), dtype=np.uint8)
    split = enter(Arrays(bytes_, np.zeros(60, dtype=np.int64), bytes_[:2], np.zeros(2, dtype=np.int64), 1), space).train
    seen = visible(split.all()[0], split.conversion)
    assert seen.dtype == torch.uint8
    assert (seen.int() - torch.from_numpy(bytes_).int()).abs().max() <= 1


def test_what_lies_outside_is_cut_off():
    assert visible(torch.tensor([[[[-0.5, 0.5, 1.5]]]]), None).flatten().tolist() == [0, 128, 255]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_has_a_row_for_each_class(tmp_path, channels):
    images = torch.arange(6, dtype=torch.uint8).mul(40).view(6, 1, 1, 1).expand(6, channels, 8, 8)
    path = tmp_path / "grid.png"
    save_grid(path, images, 3)
    picture = np.asarray(Image.open(path))
    assert picture.shape == (8 * (2 * 10 + 2), 8 * (3 * 10 + 2), 3), "enlarged eight times, gaps of two pixels"
    centres = [
        picture[8 * (2 + 10 * row + 4), 8 * (2 + 10 * column + 4)].tolist() for row in (0, 1) for column in range(3)
    ]
    assert centres == [[40 * place] * 3 for place in range(6)]
    assert picture[0, 0].tolist() == [255] * 3
    again = tmp_path / "again.png"
    save_grid(again, images, 3)
    assert again.read_bytes() == path.read_bytes()

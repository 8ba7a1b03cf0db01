"""The picture of a distilled set beside it: a row for each class, in which its images can be recognised."""

import numpy as np
import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, do
from PIL import Image
from safetensors.torch import load_file

from lmcspec.tasks import Part, read
from lmcspec.tasks.distill import Distill, run

MEAN, STD = 0.3, 0.4
STANDARDISED = Part.of(RAW.value | {"space": {"name": "standardised", "mean": [MEAN], "std": [STD]}})
DM = {"method": "dm", "ipc": 3, "iterations": 2, "batch": 20}
IDC = {"method": "idc", "ipc": 2, "networks": 1, "inner": 1, "batch": 8}


def drawn(path, columns: int) -> torch.Tensor:
    """The cells of a picture by class and column: 8 x 8 pixels, each 8 pixels wide, between gaps of two."""
    picture = torch.from_numpy(np.array(Image.open(path))).float()[::8, ::8] / 255
    assert picture.shape == (2 + 10 * 10, 2 + 10 * columns, 3)
    assert torch.equal(picture, picture[..., :1].expand_as(picture)), "digits are grey"
    rows = [picture[top : top + 8, :, 0] for top in range(2, 102, 10)]
    return torch.stack([torch.stack([row[:, left : left + 8] for left in range(2, 10 * columns, 10)]) for row in rows])


@pytest.mark.parametrize(
    ("method", "model", "data", "scale", "shift"),
    [(DM, MLP, RAW, 1, 0), (DM, MLP, STANDARDISED, STD, MEAN), (IDC, CONVNET, STANDARDISED, 1, 0)],
    ids=["raw", "standardised", "a raw set in a standardised study"],
)
def test_the_grid_shows_each_class_in_its_row(tmp_path, method, model, data, scale, shift):
    done = do(run, tmp_path, Distill(Part.of(method), model, data), {"seed": 0})
    made = load_file(done.out / read.DISTILLED)
    cells = drawn(done.out / "grid.png", method["ipc"])
    for label in range(10):
        wanted = (made["images"][made["labels"] == label, 0] * scale + shift).clamp(0, 1)
        torch.testing.assert_close(cells[label], wanted, rtol=0, atol=0.51 / 255)

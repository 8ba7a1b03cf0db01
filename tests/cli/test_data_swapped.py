"""Data that are others when a task reads them than when the plan looked: said with code 4, and nothing is stored."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from specs_for_tests import SEVEN_UPDATES

from lmcspec import running

OWN = 'dataset = { name = "DATA", root = "data" }'


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path_factory.mktemp("cache")))


def pictures(seed: int) -> None:
    """An image folder, other pixels for another seed."""
    shutil.rmtree("data", ignore_errors=True)
    draw = np.random.default_rng(seed)
    for name in [f"{split}/{one}/{i}.png" for split in ("train", "test") for one in "ab" for i in range(2)]:
        path = Path("data", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)


def fashion(seed: int) -> None:
    """The four files of Fashion-MNIST, of their official sizes, all pixels alike."""
    folder = Path("data/FashionMNIST/raw")
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", 60_000), ("t10k", 10_000)):
        pixels = np.full((count, 28, 28), seed, np.uint8).tobytes()
        labels = (np.arange(count) % 10).astype(np.uint8).tobytes()
        sizes = [size.to_bytes(4, "big") for size in (count, 28, 28)]
        for kind, head, content in (
            ("images-idx3", b"\0\0\x08\x03" + b"".join(sizes), pixels),
            ("labels-idx1", b"\0\0\x08\x01" + sizes[0], labels),
        ):
            (folder / f"{name}-{kind}-ubyte").write_bytes(head + content)


def given(seed: int) -> None:
    """A distilled set of digits in a file."""
    images = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    torch.save([images, torch.arange(10)], "set.pt")


def weights(seed: int) -> None:
    """A state of the study's network in a file."""
    torch.manual_seed(seed)
    network = torch.nn.ModuleDict({"layers": torch.nn.ModuleList([torch.nn.Linear(64, 16)])})
    torch.save(network.state_dict() | torch.nn.ModuleDict({"classifier": torch.nn.Linear(16, 10)}).state_dict(), "w.pt")


def mask(seed: int) -> None:
    """A mask of the study's network in a file."""
    draw = torch.Generator().manual_seed(seed)
    shapes = {"layers.0.weight": (16, 64), "classifier.weight": (10, 16)}
    torch.save({name: torch.rand(shape, generator=draw) < 0.5 for name, shape in shapes.items()}, "m.pt")


@pytest.mark.parametrize("make", [pictures, fashion, given, weights, mask])
def test_swapped_between_plan_and_run(place, lmcspec, monkeypatch, make):
    text = SEVEN_UPDATES
    if make in (weights, mask):
        text += '[weights]\nw = { load = "w.pt" }\n' if make is weights else '[masks]\nm = { load = "m.pt" }\n'
        text += f"[networks]\none = [{{ {'weights' if make is weights else 'mask'} = '{make.__name__[0]}' }}]\n"
    elif make is given:
        text += '[distilled]\ngiven = { load = "set.pt", space = "raw" }\n[networks]\none = [{ data = "given", recipe = "real", rounds = 1 }]\n'
    else:
        text = text.replace(
            'dataset = "digits"', OWN.replace("DATA", "folder" if make is pictures else "fashion-mnist")
        )
        text += '[networks]\none = [{ data = "real", rounds = 1 }]\n'
    Path("study.toml").write_text(text + "[measures]\naccuracy = {}\n")
    make(1)
    honest = running.execute

    def late(*arguments, **named):
        make(2)
        return honest(*arguments, **named)

    monkeypatch.setattr(running, "execute", late)
    said = lmcspec("run", "study.toml", "--runner", "inline", "--no-tracking")
    assert said.code == 4 and "not what it was when this was planned" in said.err and "run again" in said.err
    assert "Traceback" not in said.err
    assert not list(Path(".lmcspec/objects").glob("*/*/COMMIT"))

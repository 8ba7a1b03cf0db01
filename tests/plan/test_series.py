"""What makes a network one line of a chart: more replicates leave it, and its settings are those that mean something."""

import pytest
import torch
from safetensors.torch import save_file
from specs_for_tests import plan_of

from lmcspec.plan import Series

STUDY = """
study = "lines"
dataset = "digits"
model = { name = "mlp", widths = [8] }
replicates = COUNT
recipes.real = { length = "2ep", batch = 512, optimiser = { name = "sgd", lr = 0.1 } }
recipes.distilled = { length = "2ep", batch = 10, optimiser = { name = "sgd", lr = 0.1 } }
[distilled]
mine = { method = "random-images", ipc = 1, seed = "replicate" }
shared = { method = "random-images", ipc = 1 }
[weights]
mine = { load = "FOLDER/w{replicate}.safetensors", step = "1ep" }
shared = { load = "FOLDER/w0.safetensors" }
[masks]
mine = { load = "FOLDER/m{replicate}.safetensors" }
shared = { load = "FOLDER/m0.safetensors" }
[networks]
net = NETWORK
[measures]
accuracy = {}
"""
NETWORKS = (
    '[{ data = "mine", rounds = 1 }]',
    '[{ data = "shared", rounds = 1 }]',
    '[{ weights = "mine", rounds = 1 }]',
    '[{ weights = "shared", mask = "mine" }]',
    '[{ mask = "shared" }, { rounds = 1 }]',
    '[{ mask = "mine" }, { rounds = 1 }]',
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    draw = torch.Generator().manual_seed(5)
    shapes = {"layers.0.weight": (8, 64), "layers.0.bias": (8,), "classifier.weight": (10, 8), "classifier.bias": (10,)}
    for replicate in range(3):
        weights = {name: torch.randn(shape, generator=draw) / 4 for name, shape in shapes.items()}
        save_file(weights, folder / f"w{replicate}.safetensors")
        masks = {name: value > 0.1 * replicate for name, value in weights.items() if "weight" in name}
        save_file(masks, folder / f"m{replicate}.safetensors")
    return folder


def series(folder, network: str, replicates: int = 1) -> Series:
    text = STUDY.replace("FOLDER", str(folder)).replace("NETWORK", network).replace("COUNT", str(replicates))
    (line,) = plan_of(text).series
    return line


@pytest.mark.parametrize("network", NETWORKS)
def test_more_replicates_are_more_of_the_same_line(folder, network):
    lines = [series(folder, network, count) for count in (1, 2, 3)]
    assert len({line.identity for line in lines}) == 1
    assert lines[0].params == lines[1].params == lines[2].params


def test_what_a_network_starts_with_makes_another_line(folder):
    assert len({series(folder, network).identity for network in NETWORKS}) == len(NETWORKS)
    other = torch.ones(8, 64, dtype=torch.bool), torch.ones(10, 8, dtype=torch.bool)
    before = series(folder, NETWORKS[3]).identity
    masks = dict(zip(("layers.0.weight", "classifier.weight"), other, strict=True))
    kept = (folder / "m0.safetensors").read_bytes()
    save_file(masks, folder / "m0.safetensors")
    changed = series(folder, NETWORKS[3]).identity
    (folder / "m0.safetensors").write_bytes(kept)
    assert changed != before


def stage(folder, network: str, number: int = 1) -> dict:
    start = f"stage{number}."
    params = series(folder, network).params
    return {key.removeprefix(start): value for key, value in params.items() if key.startswith(start)}


def test_settings_of_a_stage_are_those_that_mean_something(folder):
    goes_back = {"start": "rewind", "restore": "all"}
    assert stage(folder, '[{ mask = "mine" }]') == {"mask": "mine", "rewind": 0, **goes_back}
    both = '[{ weights = "mine", mask = "shared" }, { rounds = 2 }]'
    assert stage(folder, both) == {"weights": "mine", "mask": "shared", "rewind": 3, **goes_back}
    pruned = {"data": "real", "shuffle": False, "criterion": "magnitude", "fraction": 0.2, **goes_back}
    assert stage(folder, both, 2) == {**pruned, "rewind": 3}
    assert stage(folder, '[{ weights = "shared" }]') == {"weights": "shared", "rewind": 0, **goes_back}
    assert stage(folder, '[{ weights = "shared", rounds = 2 }]') == {"weights": "shared", **pruned, "rewind": 0}

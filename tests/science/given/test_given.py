"""States and masks in files: what is read of them, and of all that is none, or another network's, what is said."""

import errno
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

from lmcspec.base.errors import StaleError
from lmcspec.science.data.arrays import MissingData
from lmcspec.science.given import tensor_files
from lmcspec.science.given.given import digest_of, mask_facts, read_mask, read_weights, weights_facts
from lmcspec.science.given.tensor_files import NotGiven
from lmcspec.tasks import read


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 2))


def same(held, state) -> bool:
    return list(held) == list(state) and all(np.array_equal(held[name], state[name].numpy()) for name in state)


def test_a_state_comes_back_bitwise(tmp_path):
    state = network().state_dict()
    torch.save(state, tmp_path / "state.pt")
    facts = weights_facts(tmp_path / "state.pt", {})
    assert same(read_weights(tmp_path / "state.pt", {}, read.shapes(state), facts.digest), state)
    assert facts.digest == digest_of({name: value.numpy() for name, value in state.items()})
    assert facts.shapes == read.shapes(state)


def test_counters_of_batch_norm_may_be_missing(tmp_path):
    state = network().state_dict()
    save_file({name: value for name, value in state.items() if "num_batches" not in name}, tmp_path / "old.safetensors")
    facts = weights_facts(tmp_path / "old.safetensors", {})
    assert same(read_weights(tmp_path / "old.safetensors", {}, read.shapes(state), facts.digest), state)


def test_weights_under_a_mask_of_torch_s_own(tmp_path):
    module = network()
    whole = {name: value.clone() for name, value in module.state_dict().items()}
    prune.random_unstructured(module[0], "weight", 0.5)
    prune.random_unstructured(module[3], "weight", 0.5)
    torch.save(module.state_dict(), tmp_path / "pruned.pt")
    facts = weights_facts(tmp_path / "pruned.pt", {})
    assert same(read_weights(tmp_path / "pruned.pt", {}, read.shapes(whole), facts.digest), whole)
    kept = {name: module.state_dict()[f"{name}_mask"].bool() for name in ("0.weight", "3.weight")}
    of_mask = mask_facts(tmp_path / "pruned.pt", {})
    assert same(read_mask(tmp_path / "pruned.pt", {}, read.shapes(kept), of_mask.digest), kept)
    assert of_mask.survivors == {name: int(mask.sum()) for name, mask in kept.items()}


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int32, torch.int64, torch.float32, torch.float64])
def test_a_mask_is_one_whatever_its_numbers_are(tmp_path, dtype):
    mask = {"0.weight": torch.tensor([[1, 0], [0, 1]]), "1.weight": torch.tensor([1, 1])}
    torch.save({name: value.to(dtype) for name, value in mask.items()}, tmp_path / "mask.pt")
    facts = mask_facts(tmp_path / "mask.pt", {})
    assert facts.digest == digest_of({name: value.bool().numpy() for name, value in mask.items()})
    assert facts.survivors == {"0.weight": 2, "1.weight": 2}


def refused(tmp_path: Path, content, wanted=None, rules=None) -> tuple[str, str]:
    """What is said of a file of torch's with that content, and the help."""
    path = tmp_path / "file.pt"
    torch.save(content, path)
    wanted, rules = wanted or read.shapes(network().state_dict()), rules or {}
    with pytest.raises(NotGiven) as caught:
        read_weights(path, rules, wanted, weights_facts(path, rules).digest)
    return str(caught.value).removeprefix(f"{path}"), caught.value.help


def test_other_names_are_told_with_the_renaming_that_would_do(tmp_path):
    state = {name.replace("3.", "fc."): value for name, value in network().state_dict().items()}
    message, help = refused(tmp_path, state)
    assert message == (
        " does not fit the model: it lacks `3.weight` [2, 3], `3.bias` [2] of the model's, and the model has no "
        "`fc.weight` [2, 3], `fc.bias` [2]"
    )
    assert help == 'if they are the same by other names: rename = { "fc" = "3" }'
    torch.save(state, tmp_path / "file.pt")
    path, rules, wanted = tmp_path / "file.pt", {"fc": "3"}, network().state_dict()
    assert same(read_weights(path, rules, read.shapes(wanted), weights_facts(path, rules).digest), wanted)


def test_a_renaming_is_offered_whole_or_not_at_all(tmp_path):
    """What is offered is pasted: it is TOML, and of names that need more than quotes there is none."""
    module = nn.Sequential(*(nn.Linear(3, 3) for _ in range(12)))
    wanted = module.state_dict()
    others = {name.replace(".", ".0.", 1): value for name, value in wanted.items()}
    _, help = refused(tmp_path, others, read.shapes(wanted))
    rules = tomllib.loads(help.partition(": ")[2])["rename"]
    path = tmp_path / "file.pt"
    assert same(read_weights(path, rules, read.shapes(wanted), weights_facts(path, rules).digest), wanted)
    assert (
        "rename"
        not in refused(tmp_path, {f'"\x1b{name}': value for name, value in others.items()}, read.shapes(wanted))[1]
    )


def test_of_two_tensors_of_one_name_none_is_taken(tmp_path):
    module = network()
    whole = module[3].weight.detach().clone()
    prune.random_unstructured(module[3], "weight", 0.5)
    message, help = refused(tmp_path, {**module.state_dict(), "3.weight": whole})
    assert "has `3.weight` and `3.weight_orig`, and one of them would be left out" in message
    assert "prune.remove" in help


def test_a_file_of_many_tensors_is_opened_once(tmp_path, monkeypatch):
    """Each opening reads all names: opened for each tensor, twice as many would take four times as long."""
    save_file({f"{number}.weight": torch.ones(1) for number in range(50)}, tmp_path / "many")
    opened = []
    honest = safetensors.safe_open
    monkeypatch.setattr(safetensors, "safe_open", lambda *args, **more: opened.append(1) or honest(*args, **more))
    assert len(weights_facts(tmp_path / "many", {}).shapes) == 50
    assert len(opened) == 1


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), PermissionError(13, "Permission denied")])
def test_a_disk_that_fails_and_a_file_that_may_not_be_read_are_said(tmp_path, monkeypatch, error):
    def failing(*args, **more):
        raise error

    torch.save(network().state_dict(), tmp_path / "state.pt")
    monkeypatch.setattr(tensor_files, "read_torch", failing)
    with pytest.raises(NotGiven, match=f"state.pt can't be read: .*{error.strerror}"):
        weights_facts(tmp_path / "state.pt", {})
    monkeypatch.setattr(Path, "stat", failing)
    with pytest.raises(NotGiven, match=f"state.pt can't be read: .*{error.strerror}"):
        weights_facts(tmp_path / "state.pt", {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"3.weight": torch.ones(5, 3)}, "`3.weight` has the shape [5, 3], and the model's 3.weight has [2, 3]"),
        ({"3.weight": torch.ones(2, 3).double()}, "`3.weight` is float64, and the model's 3.weight is float32"),
        ({"3.weight": torch.ones(2, 3).half()}, "`3.weight` is float16, and the model's 3.weight is float32"),
        ({"3.weight": torch.ones(2, 3).bfloat16()}, "`3.weight` holds numbers of a type that isn't read"),
        ({"3.weight": torch.full((2, 3), torch.inf)}, "`3.weight` has numbers that are not finite"),
        ({"4.weight": torch.ones(2)}, "the model has no `4.weight` [2]"),
        ({"loss": 0.5}, "has float under `loss`, and no `state_dict` or"),
    ],
)
def test_what_is_no_state_of_the_model_is_said(tmp_path, change, says):
    message, help = refused(tmp_path, dict(network().state_dict()) | change)
    assert says in message
    assert help


def test_running_statistics_may_not_be_missing(tmp_path):
    """Those of a trained network are no start: without them it computes something else."""
    state = {name: value for name, value in network().state_dict().items() if "running_var" not in name}
    assert "it lacks `1.running_var` [3] of the model's" in refused(tmp_path, state)[0]


def test_a_module_is_told_to_save_its_state(tmp_path):
    message, help = refused(tmp_path, network())
    assert "holds more than tensors" in message
    assert help.startswith("torch.save(network.state_dict(), FILE)")


def test_files_that_are_none_of_tensors(tmp_path):
    for content in (b"", b"PK\x03\x04", b"{}", b"\x08\0\0\0\0\0\0\0{", b"\x80\x02" + b"x" * 100, b"\x89HDF\r\n"):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(NotGiven, match=re.escape(str(path))):
            weights_facts(path, {})
    with pytest.raises(MissingData):
        weights_facts(tmp_path / "nowhere", {})
    with pytest.raises(NotGiven, match="is a folder"):
        weights_facts(tmp_path, {})


def test_a_file_that_has_become_another_is_stale(tmp_path):
    path, state = tmp_path / "state.pt", network().state_dict()
    torch.save(state, path)
    digest = weights_facts(path, {}).digest
    state["3.bias"][0] += 1
    torch.save(state, path)
    assert weights_facts(path, {}).digest != digest
    with pytest.raises(StaleError, match="not what it was when this was planned"):
        read_weights(path, {}, read.shapes(state), digest)

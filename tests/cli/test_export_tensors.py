"""`lmcspec export` of masks, checkpoints and permutations: bitwise what the store has, with a card that says what it is."""

import errno
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.cli import main
from lmcspec.store import Store
from lmcspec.tasks import read

PARTNERS = (
    (
        SEVEN_UPDATES
        + """
replicates = 2
partners = 2
networks.imp = [{ rounds = 1, fraction = 0.5 }]
permutations.wm = { method = "weights", network = "imp" }
measures.connectivity = { levels = ["last"], under = ["wm"], points = 3 }
"""
    )
    .replace("[recipes.real]", "")
    .replace("length =", "recipes.real.length =")
    .replace("batch =", "recipes.real.batch =")
    .replace("optimiser =", "recipes.real.optimiser =")
)
CASES = {
    "imp/s0/l1/train": ("state.safetensors", "network"),
    "imp/s0/l1/mask": ("mask.safetensors", "mask"),
    "wm/s0-s1/l0/permutation": ("permutation.safetensors", "permutation"),
}


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    """A store with trainings, masks and permutations."""
    place = tmp_path_factory.mktemp("aligned")
    (place / "study.toml").write_text(PARTNERS)
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(place / "study.toml"), "--store", str(place / "store"), "--runner", "inline"])
    assert not stopped.value.code
    return place / "store"


@pytest.fixture
def store(place, aligned):
    Path("study.toml").write_text(PARTNERS)
    shutil.copytree(aligned, ".lmcspec")
    return Store.open(".lmcspec")


@pytest.mark.parametrize(("label", "file", "makes"), [(label, *case) for label, case in CASES.items()])
def test_the_tensors_are_bitwise_those_of_the_store(store, lmcspec, label, file, makes):
    said = lmcspec("export", "study.toml", label, "x.safetensors")
    assert (said.code, said.out) == (0, "x.safetensors\nx.md\n")
    stored = store.find(plan_of(PARTNERS).roles[label])
    exported = load_file("x.safetensors")
    # Without the notes in its header it is the very file.
    plain = save({name: exported[name] for name in sorted(exported)})
    assert plain == (stored.out / file).read_bytes()
    with safe_open("x.safetensors", "pt") as opened:
        notes = opened.metadata()
    assert notes["format"] == "pt" and notes["task"] == stored.id and notes["label"] == label
    assert notes["sha256"] == stored.result["files"][f"out/{file}"]["sha256"]
    card = Path("x.md").read_text()
    assert stored.id in card and notes["sha256"] in card
    if makes == "mask":
        kept = sum(int(tensor.sum()) for tensor in exported.values()) / sum(map(torch.numel, exported.values()))
        assert json.loads(notes["density"]) == kept
        assert f"{1 - kept:.2%} of prunable weights are gone" in card


@pytest.mark.parametrize("label", CASES)
def test_the_three_lines_of_its_card_load_it(store, lmcspec, label):
    plan = plan_of(PARTNERS)
    assert lmcspec("export", "study.toml", label, "x.safetensors").code == 0
    code = re.findall(r"```python\n(.*?)\n```", Path("x.md").read_text(), re.DOTALL)[0]
    assert len(code.splitlines()) == 3
    network = read.module(plan.tasks[plan.roles[label]].params.model)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    scope: dict[str, Any] = {"network": network}
    exec(code, scope)
    tensors = load_file("x.safetensors")
    match CASES[label][1]:
        case "network":
            assert all(torch.equal(value, tensors[name]) for name, value in network.state_dict().items())
        case "mask":
            pruned = {name: value * tensors.get(name, True) for name, value in before.items()}
            assert all(torch.equal(value, pruned[name]) for name, value in network.state_dict().items())
            assert any(int(value.count_nonzero()) < value.numel() for value in network.state_dict().values())
        case _:
            images = torch.rand(5, 1, 8, 8)
            logits = network(images)
            network.load_state_dict(scope["moved"])
            assert torch.allclose(network(images), logits, atol=1e-5)
            assert any(not torch.equal(before[name], value) for name, value in scope["moved"].items())


def test_an_id_does_for_a_label_and_json_says_all(store, lmcspec):
    task = plan_of(PARTNERS).roles["imp/s0/l1/mask"]
    data = lmcspec("export", "study.toml", task[:12], "x.safetensors", "--format", "json").data
    assert data["task"] == task and data["files"] == ["x.safetensors", "x.md"]
    assert data["params"]["fraction"] == 0.5 and data["outcome"] == "ok"


def test_it_is_written_the_same_each_time_and_replaces_nothing_unasked(store, lmcspec):
    line = ("export", "study.toml", "imp/s0/l1/train", "x.safetensors")
    assert lmcspec(*line).code == 0
    first = Path("x.safetensors").read_bytes(), Path("x.md").read_bytes()
    said = lmcspec(*line)
    assert said.code == 2 and "there is a file x.safetensors" in said.err and "--force" in said.err
    assert lmcspec(*line, "--force").code == 0
    assert (Path("x.safetensors").read_bytes(), Path("x.md").read_bytes()) == first
    Path("x.safetensors").unlink()
    assert "there is a file x.md" in lmcspec(*line).err


def test_where_the_disk_is_full_the_card_of_before_stays_beside_its_tensors(store, lmcspec, monkeypatch):
    from lmcspec.report import exported_tensors

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert lmcspec("export", "study.toml", "imp/s0/l1/train", "x.safetensors").code == 0
    before = {path.name: path.read_bytes() for path in Path().glob("*x.*")}
    monkeypatch.setattr(exported_tensors, "write_with_notes", full)
    said = lmcspec("export", "study.toml", "imp/s0/l1/mask", "x.safetensors", "--force")
    assert said.code == 2 and "can't write x.safetensors: No space left on device" in said.err
    assert {path.name: path.read_bytes() for path in Path().glob("*x.*")} == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["imp/s0/l1/train", "x.pt"], "call it x.safetensors"),
        (["imp/s0/l1", "x.safetensors"], "holds"),
        (["imp/s0/l1/trian", "x.safetensors"], "did you mean `imp/s0/l1/train`?"),
        (["ffffffff", "x.safetensors"], "has an id that starts with ffffffff"),
        (["imp/s0/l1/train", "no/x.safetensors"], "mkdir -p no"),
        (["imp/s0/l1/train", "x.safetensors", "--as", "mtt"], "is no distilled set"),
        (["imp/s0/l1/train", f"{'x' * 300}.safetensors"], "too long"),
    ],
)
def test_mistakes_end_with_a_sentence_and_write_nothing(store, lmcspec, arguments, says):
    before = sorted(Path().iterdir())
    said = lmcspec("export", "study.toml", *arguments)
    assert (said.code, said.out) == (2, "") and says in said.err and "Traceback" not in said.err
    assert sorted(Path().iterdir()) == before


def test_what_makes_numbers_has_no_tensors(store, lmcspec):
    label = next(label for label, task in plan_of(PARTNERS).roles.items() if "path" in label)
    said = lmcspec("export", "study.toml", label, "x.safetensors")
    assert said.code == 2 and "makes numbers, and no tensors" in said.err


def test_what_is_damaged_dropped_or_not_there_is_said(store, lmcspec):
    roles = plan_of(PARTNERS).roles
    store.drop_outputs(roles["imp/s0/l1/train"])
    said = lmcspec("export", "study.toml", "imp/s0/l1/train", "x.safetensors")
    assert said.code == 4 and "dropped" in said.err and "--force imp/s0/l1/train makes it again" in said.err
    path = store.find(roles["imp/s0/l1/mask"]).path / "out" / "mask.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    said = lmcspec("export", "study.toml", "imp/s0/l1/mask", "x.safetensors")
    assert said.code == 4 and "corrupt" in said.err
    said = lmcspec("export", "study.toml", "imp/s0/l1/train", "x.safetensors", "--set", "recipes.real.batch=64")
    assert said.code == 4 and "is not in the store" in said.err
    assert not Path("x.safetensors").exists() and not Path("x.md").exists()


def test_a_file_that_holds_no_tensors_though_its_digest_holds(store, lmcspec, monkeypatch):
    from lmcspec.report import exported_tensors

    monkeypatch.setitem(exported_tensors.FILES, "mask", "none.safetensors")
    said = lmcspec("export", "study.toml", "imp/s0/l1/mask", "x.safetensors")
    assert said.code == 2 and "has left no tensors: its outcome is ok" in said.err and not Path("x.md").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\x02" + bytes(7) + b"[]",
        b"\x02" + bytes(7) + b"{",
        (17).to_bytes(8, "little") + b'{"a": {"x": [1]}}',
    ],
)
def test_a_header_that_is_none(tmp_path, content):
    from lmcspec.base.documents import DocumentError
    from lmcspec.report.tensor_file import read_header

    (tmp_path / "x").write_bytes(content)
    with (tmp_path / "x").open("rb") as file, pytest.raises(DocumentError):
        read_header(file, "x")

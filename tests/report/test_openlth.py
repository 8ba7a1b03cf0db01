"""Directories of OpenLTH brought along: names, states, masks, accuracies, and a spec that goes on from them."""

import json
import re
import shutil
from pathlib import Path

import pytest
import tomli
import torch
from loop_for_tests import FRACTION, pruned, raw_digits, same, trained
from openlth_for_tests import LOG, Lenet, Resnet, Vgg, prunable, write_lottery
from safetensors import safe_open
from safetensors.torch import load_file

from lmcspec.base.errors import LmcspecError
from lmcspec.base.steps import Step
from lmcspec.catalog import get
from lmcspec.engine.execute import execute
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.report.openlth.architectures import recognised
from lmcspec.report.openlth.brought import bring
from lmcspec.report.openlth.directory import DamagedDirectory, read_directory
from lmcspec.science.models import construct
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

NETWORKS = {
    "lenet": (Lenet, (1, 28, 28)),
    "lenet of other widths": (lambda: Lenet(784, (20, 30, 40)), (1, 28, 28)),
    "resnet": (Resnet, (3, 32, 32)),
    "narrow resnet": (lambda: Resnet(14, 4), (3, 32, 32)),
    "vgg": (lambda: Vgg(11), (3, 32, 32)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_state_computes_the_same_in_our_model(name):
    """Theirs written anew, after running statistics have moved; ours with its tensors by our names."""
    torch.manual_seed(7)
    make, shape = NETWORKS[name]
    theirs, images = make(), torch.randn(4, *shape)
    theirs.train()
    theirs(images)
    theirs.eval()
    state = theirs.state_dict()
    known = recognised({tensor: tuple(value.shape) for tensor, value in state.items()})
    card = get("model", known.model["name"])
    settings = {**card.variants.get(known.model["name"], {}), **known.model} | {"name": card.name}
    ours = construct(card.load(), card.config.model_validate(settings), shape, 10)
    ours.load_state_dict({known.names[tensor]: value for tensor, value in state.items()})
    ours.eval()
    with torch.no_grad():
        assert torch.allclose(ours(images), theirs(images), atol=1e-5)
    assert {known.names[weight] for weight in prunable(theirs)} == set(prunable(ours))


@pytest.fixture
def lottery(tmp_path):
    """Two replicates of a network of digits, with three levels, as OpenLTH leaves them."""
    folder = tmp_path / "lottery_0f1e2d3c"
    made = write_lottery(folder, _networks(), levels=2, end="ep3_it2")
    return folder, made


def _networks():
    torch.manual_seed(1)
    return [Lenet(64, (16,)) for _ in range(2)]


RENAMED = {"fc_layers.0": "layers.0", "fc": "classifier"}


def ours(state):
    return {f"{RENAMED[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": value for name, value in state.items()}


def test_levels_are_told(lottery):
    folder, made = lottery
    held = read_directory(folder)
    assert {number: sorted(levels) for number, levels in held.replicates.items()} == {1: [0, 1, 2], 2: [0, 1, 2]}
    for (replicate, level), (mask, _) in made.items():
        of_level = held.replicates[replicate][level]
        assert of_level.trained and of_level.accuracy == 0.9 - level / 100
        assert [str(step) for step, _ in of_level.models] == ["5it", "3ep2it"]
        assert of_level.weights == tuple(sum(int(f(kept)) for kept in mask.values()) for f in (torch.numel, torch.sum))
    assert read_directory(folder / "replicate_2").replicates.keys() == {2}


def test_states_and_masks_come_along_bitwise(lottery, tmp_path):
    folder, made = lottery
    brought = bring(read_directory(folder), tmp_path / "brought")
    assert (brought.level, brought.notes) == (2, ())
    for (replicate, level), (mask, end) in made.items():
        place = f"l{level}-s{replicate - 1}.safetensors"
        assert same(load_file(tmp_path / "brought" / f"mask-{place}"), ours(mask))
        assert same(load_file(tmp_path / "brought" / f"end-{place}"), ours(end))
    for replicate, network in enumerate(_networks()):
        path = tmp_path / "brought" / f"start-s{replicate}.safetensors"
        assert same(load_file(path), ours(network.state_dict()))
        with safe_open(path, "pt") as file:
            assert file.metadata()["lottery"] == "lottery_0f1e2d3c"
            assert file.metadata()["replicate"] == str(replicate + 1)
    assert {path.name for path in brought.files} == {path.name for path in (tmp_path / "brought").iterdir()}
    card = (tmp_path / "brought" / "README.md").read_text()
    assert all(path.name in card for path in brought.files if path.suffix == ".safetensors")


def test_the_spec_goes_on_from_the_level(lottery, tmp_path):
    folder, made = lottery
    bring(read_directory(folder), tmp_path / "brought")
    sets = ['dataset={ name = "digits", space = "raw" }', f"networks.onward[1].fraction={FRACTION}"]
    sets += ["networks.onward[1].rounds=1", "networks.onward[1].exclude=[]", "networks.onward[1].fraction_of=eligible"]
    plan = compile_study(load(tmp_path / "brought" / "study.toml", sets))
    store = Store.open(tmp_path / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed

    def state(label: str):
        stored = store.find(plan.roles[label])
        assert stored is not None
        return stored

    images, start = raw_digits(), ours(_networks()[0].state_dict())
    assert same(load_file(state("dense/s0/l0/train").out / "state.safetensors"), trained(images, start, {}, 5, 0))
    mask = {name: kept.float() for name, kept in ours(made[1, 2][0]).items()}
    level = trained(images, start, mask, 5, 1)
    assert same(load_file(state("onward/s0/l1/train").out / "state.safetensors"), level)
    gone = 1 - (1 - FRACTION) * sum(float(kept.sum()) for kept in mask.values()) / 1184
    further = trained(images, start, pruned(level, mask, gone), 5, 2)
    assert same(load_file(state("onward/s0/l2/train").out / "state.safetensors"), further)
    ended = load_file(state("as-it-ended/s0/l1/train").out / "state.safetensors")
    assert same(ended, ours(made[1, 2][1])), "what was trained there is measured as it is"
    assert {target.measure for target in plan.targets} == {"accuracy", "ended", "stability"}
    assert {target.level for target in plan.targets if target.measure == "ended"} == {1}


def _keys(table, path=()):
    """Paths of all keys of a document."""
    items = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    return {key for name, value in items for key in ((*path, name), *_keys(value, (*path, name)))}


@pytest.mark.parametrize(
    "value", ['x" }\r[masks]\rm = "', "]\x1b[2J\x00", "'''", '"""', "# \x7f", "x\u2029[sweep]", "\\"]
)
def test_what_options_say_becomes_no_keys(lottery, tmp_path, value):
    """Of whichever option: the spec is TOML with the keys that it has anyway, or the value is damage."""
    folder, _ = lottery
    log = folder / "replicate_1/level_0/main/hparams.log"
    bring(read_directory(folder), tmp_path / "honest")
    honest = _keys(tomli.loads((tmp_path / "honest/study.toml").read_text()))
    names = [*re.findall(r"\* (\w+) =>", LOG), "blur_factor"]
    brought = 0
    for name in names:
        said = re.sub(rf" *\* {name} => .*", "", LOG) + f"\n    * {name} => {value}"
        log.write_bytes(said.encode())
        try:
            bring(read_directory(folder), tmp_path / name)
        except DamagedDirectory:
            continue
        text = (tmp_path / name / "study.toml").read_bytes().decode()
        assert _keys(tomli.loads(text)) <= honest, name
        assert all(char.isprintable() or char == "\n" for char in text), name
        brought += 1
    assert brought >= 6, "most of what is no number is a word of the spec, or a note"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


LEVEL = "replicate_2/level_1/main"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda lottery: _cut(lottery / LEVEL / "mask.pth"), "level_1/main/mask.pth can't be read as tensors"),
        (lambda lottery: _cut(lottery / LEVEL / "model_ep3_it2.pth"), "model_ep3_it2.pth can't be read as tensors"),
        (lambda lottery: (lottery / LEVEL / "logger").write_text("test_accuracy,x"), "is no logger of OpenLTH's: line 1"),
        (lambda lottery: (lottery / LEVEL / "sparsity_report.json").write_text("{"), "sparsity_report.json is no report"),
        (
            lambda lottery: (lottery / LEVEL / "sparsity_report.json").write_text(json.dumps({"total": 1.0, "unpruned": 1.0})),
            "and the sparsity_report.json beside it says 1 of 1",
        ),
        (lambda lottery: torch.save({"x": torch.ones(2)}, lottery / LEVEL / "mask.pth"), "is of another network: x"),
        (
            lambda lottery: torch.save(Lenet(64, (16, 4)).state_dict(), lottery / LEVEL / "model_ep3_it2.pth"),
            "has other tensors than the first network: fc_layers.1",
        ),
        (lambda lottery: torch.save(Lenet(64, (16,)), lottery / LEVEL / "model_ep3_it2.pth"), "holds more than tensors"),
        (lambda lottery: (lottery / LEVEL / "mask.pth").unlink() or shutil.copy(lottery / LEVEL / "model_ep3_it2.pth", lottery / LEVEL / "mask.pth"), "other numbers than 0 and 1"),
        (lambda lottery: shutil.rmtree(lottery / "replicate_2/level_0"), "no level_0/main/model_ep…_it….pth"),
        (lambda lottery: (lottery / "replicate_1/level_0/main/hparams.log").write_text(LOG.replace("lr => 0.1", "lr => x")), "hparams.log says 'x' where a number belongs"),
    ],
)  # fmt: skip
def test_damage_is_named_and_nothing_is_written(lottery, tmp_path, damage, says):
    folder, _ = lottery
    damage(folder)
    with pytest.raises(LmcspecError, match=re.escape(says)) as caught:
        bring(read_directory(folder), tmp_path / "brought")
    assert caught.value.exit_code in (2, 4, 5)
    assert caught.value.help or "hparams" in says
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lottery_0f1e2d3c"]


def test_what_is_no_directory_of_theirs_is_told_what_to_name(lottery, tmp_path):
    folder, _ = lottery
    for place, says in (
        (tmp_path / "nowhere", "there is no folder"),
        (tmp_path, "holds 1 of OpenLTH's directories"),
        (folder / "replicate_1" / "level_0", "is no directory of OpenLTH's: it has no replicate_1"),
    ):
        with pytest.raises(LmcspecError, match=says) as caught:
            read_directory(place)
        assert caught.value.help
    with pytest.raises(LmcspecError, match="has no level of lottery_branch_x"):
        read_directory(folder, "lottery_branch_x")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").touch()
    with pytest.raises(LmcspecError, match="is there already"):
        bring(read_directory(folder), tmp_path / "there")
    with pytest.raises(LmcspecError, match="level 7 has no mask in every replicate"):
        bring(read_directory(folder), tmp_path / "new", 7)


def test_other_architectures_are_told_of_the_way_there_is(lottery, tmp_path):
    folder, _ = lottery
    for path in folder.rglob("model_*.pth"):
        torch.save(torch.nn.Linear(3, 2).state_dict(), path)
    with pytest.raises(LmcspecError, match="none of mnist_lenet, cifar_resnet and cifar_vgg") as caught:
        bring(read_directory(folder), tmp_path / "brought")
    assert "docs/exchange.md" in caught.value.help


def test_levels_that_were_cut_off(lottery, tmp_path):
    """The last level of a replicate is in training: it has a mask, and no end."""
    folder, _ = lottery
    for name in ("model_ep3_it2.pth", "logger"):
        (folder / "replicate_2/level_2/main" / name).unlink()
    brought = bring(read_directory(folder), tmp_path / "brought")
    assert brought.level == 2
    assert brought.notes == ("not trained to the end, so that there are no weights of it: replicate 2's level 2",)
    assert "as-it-ended" not in (tmp_path / "brought" / "study.toml").read_text()
    assert not (tmp_path / "brought" / "end-l2-s1.safetensors").exists()
    shutil.rmtree(folder / "replicate_2/level_2")
    assert bring(read_directory(folder), tmp_path / "less").level == 1


def test_a_branch_comes_along_with_its_own_weights(lottery, tmp_path):
    folder, _ = lottery
    for replicate in (1, 2):
        place = folder / f"replicate_{replicate}/level_2"
        shutil.copytree(place / "main", place / "lottery_branch_randomly_prune_1a2b")
        torch.save(Lenet(64, (16,)).state_dict(), place / "lottery_branch_randomly_prune_1a2b" / "model_ep0_it5.pth")
    assert read_directory(folder).branches == ("lottery_branch_randomly_prune_1a2b",)
    held = read_directory(folder, "lottery_branch_randomly_prune_1a2b")
    assert held.levels() == [2] and held.replicates[1][2].models[0][0] == Step(0, 5)
    brought = bring(held, tmp_path / "brought")
    text = brought.files[0].read_text()
    assert "dense = " not in text and "onward = " in text
    begun = torch.load(
        folder / "replicate_1/level_2/lottery_branch_randomly_prune_1a2b/model_ep0_it5.pth", weights_only=True
    )
    assert same(load_file(tmp_path / "brought" / "start-s0.safetensors"), ours(begun))
    plan = compile_study(load(brought.files[0], ['dataset={ name = "digits", space = "raw" }']))
    assert plan.targets and not plan.missing


def test_an_empty_folder_that_is_there_stays_the_same_folder(lottery, tmp_path, monkeypatch):
    folder, _ = lottery
    here = tmp_path / "here"
    here.mkdir()
    before = here.stat().st_ino
    monkeypatch.chdir(here)
    brought = bring(read_directory(folder), Path("."))
    assert brought.files[0] == Path("study.toml") and all(path.is_file() for path in brought.files)
    assert here.stat().st_ino == before and len(list(here.iterdir())) == len(brought.files)


def test_folders_of_others_beside_it_stay(lottery, tmp_path):
    folder, _ = lottery
    other = tmp_path / ".brought.draft"
    other.mkdir()
    (other / "mine").touch()
    bring(read_directory(folder), tmp_path / "brought")
    assert (other / "mine").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".brought.draft", "brought", folder.name]


def test_only_the_dense_network(tmp_path):
    folder = tmp_path / "lottery_dense"
    write_lottery(folder, _networks()[:1], levels=0, end="ep3_it2", begin="ep0_it0")
    brought = bring(read_directory(folder), tmp_path / "brought")
    assert brought.notes == ("no level below the dense one has a mask in every replicate: the spec prunes from there",)
    plan = compile_study(load(brought.files[0], ['dataset={ name = "digits", space = "raw" }']))
    assert {target.network for target in plan.targets} == {"dense", "onward", "as-it-ended"}


def test_damaged_directories_are_stores_that_are_damaged():
    assert DamagedDirectory.exit_code == 4

"""Networks that start with weights and masks from files, as studies, against a plain loop from the same tensors."""

import re

import pytest
import torch
from loop_for_tests import DROP, FRACTION, HEADER, LENGTH, Weights, initial, pruned, raw_digits, same, trained
from safetensors.torch import load_file, save_file
from specs_for_tests import plan_of
from torch.nn import functional as F

from lmcspec.base.errors import SpecError
from lmcspec.engine.execute import execute
from lmcspec.plan.document import from_document, to_document
from lmcspec.plan.mask_words import mask_documents
from lmcspec.plan.outlook import outlook
from lmcspec.science.data import load
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

STUDY = f"""
study = "given"
{HEADER}[weights]
drawn = {{ load = "FOLDER/drawn.safetensors" }}
early = {{ load = "FOLDER/early.pt", step = "5it" }}
trained = {{ load = "FOLDER/trained.pt", step = "{LENGTH}it" }}
[masks]
half = {{ load = "FOLDER/half.safetensors" }}
[networks]
dense = [{{ weights = "drawn" }}]
imp = [{{ weights = "drawn", rounds = 2, fraction = {FRACTION}, rewind = "5it" }}]
back-to-early = [{{ weights = "early", rounds = 2, fraction = {FRACTION} }}]
later = [{{ weights = "early", rounds = 1, fraction = {FRACTION}, rewind = "8it" }}]
at-start = [{{ weights = "drawn", rounds = 1, fraction = {FRACTION}, criterion = "magnitude-at-init" }}]
tuned = [{{ weights = "trained", rounds = 2, fraction = {FRACTION}, start = "trained", schedule_from = "{DROP}it" }}]
masked = [{{ weights = "early", mask = "half" }}, {{ rounds = 1, fraction = {FRACTION} }}]
mask-alone = [{{ mask = "half" }}]
as-it-is = [{{ weights = "trained", mask = "half" }}]
redrawn = {{ like = "masked", weights = "reinitialised" }}
[measures]
accuracy = {{}}
"""


def others() -> Weights:
    """Weights that no stream of lmcspec's has drawn."""
    draw = torch.Generator().manual_seed(11)
    shapes = {name: weight.shape for name, weight in initial().items()}
    return {name: torch.randn(shape, generator=draw) / shape[-1] ** 0.5 for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def images():
    return raw_digits()


@pytest.fixture(scope="module")
def files(tmp_path_factory, images):
    """The folder of the files, and what is in them."""
    folder = tmp_path_factory.mktemp("given")
    drawn = others()
    early, done = (trained(images, drawn, {}, 0, 0, end=end) for end in (5, LENGTH))
    masks = pruned(done, {}, 0.5)
    save_file(drawn, folder / "drawn.safetensors")
    torch.save(early, folder / "early.pt")
    torch.save({"epoch": 4, "model_state_dict": {f"module.{k}": v for k, v in done.items()}}, folder / "trained.pt")
    save_file({name: mask.bool() for name, mask in masks.items()}, folder / "half.safetensors")
    return folder, drawn, early, done, masks


@pytest.fixture(scope="module")
def study(files, tmp_path_factory):
    """(plan, (network, level) -> the result of its training)."""
    plan = plan_of(STUDY.replace("FOLDER", str(files[0])))
    store = Store.open(tmp_path_factory.mktemp("study") / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed

    def result(network: str, level: int):
        (task,) = {target.task for target in plan.targets if (target.network, target.level) == (network, level)}
        stored = store.find(task)
        assert stored is not None
        return stored

    return plan, result


@pytest.fixture(scope="module")
def state(study):
    return lambda network, level: load_file(study[1](network, level).out / "state.safetensors")


def test_a_training_starts_with_the_weights_of_the_file(state, files, images):
    assert same(state("dense", 0), trained(images, files[1], {}, 0, 0))


def test_rewinding_to_a_later_step(state, files, images):
    _, _, back, end, masks = *files[:4], {}
    for level, sparsity in ((1, 0.5), (2, 0.75)):
        masks = pruned(end, masks, sparsity)
        end = trained(images, back, masks, 5, level)
        assert same(state("imp", level), end)


def test_weights_of_a_later_step_are_gone_on_with_and_rewound_to(state, files, images):
    early, masks = files[2], {}
    end = trained(images, early, {}, 5, 0)
    assert same(state("back-to-early", 0), end)
    for level, sparsity in ((1, 0.5), (2, 0.75)):
        masks = pruned(end, masks, sparsity)
        end = trained(images, early, masks, 5, level)
        assert same(state("back-to-early", level), end)


def test_rewinding_to_a_step_after_the_weights(state, files, images):
    early = files[2]
    masks = pruned(trained(images, early, {}, 5, 0), {}, 0.5)
    assert same(state("later", 1), trained(images, trained(images, early, {}, 5, 0, end=8), masks, 8, 1))


def test_weights_of_the_file_are_ranked_before_any_training(state, files, images):
    drawn = files[1]
    assert same(state("at-start", 1), trained(images, drawn, pruned(drawn, {}, 0.5), 0, 1))


def test_trained_weights_are_pruned_and_tuned(state, files, images):
    end, masks = files[3], {}
    assert same(state("tuned", 0), end), "nothing is trained before"
    for level, sparsity in ((1, 0.5), (2, 0.75)):
        masks = pruned(end, masks, sparsity)
        end = trained(images, end, masks, DROP, level)
        assert same(state("tuned", level), end)


def test_a_mask_of_a_file_is_a_level_and_pruned_further(study, state, files, images):
    _, _, early, _, masks = files
    end = trained(images, early, masks, 5, 1)
    assert same(state("masked", 1), end)
    assert same(state("masked", 2), trained(images, early, pruned(end, masks, 0.75), 5, 2))
    assert [level.sparsity for level in study[0].levels["", "masked"]] == [0.0, 0.5, 0.75]


def test_a_mask_goes_with_drawn_weights_too(state, files, images):
    assert same(state("mask-alone", 1), trained(images, initial(), files[4], 0, 1))


def test_baselines_take_the_mask_and_begin_where_it_does(state, files, images):
    fresh = trained(images, initial("reinit", 0), files[4], 5, 1)
    assert same(state("redrawn", 1), fresh)


def test_trained_weights_are_measured_as_they_are(study, files):
    _, result = study
    _, _, _, done, masks = files
    data = load("digits").test
    x = data.images.float() / 16
    for network, level, kept in (("tuned", 0, {}), ("as-it-is", 1, masks)):
        w = {name: value * kept.get(name, torch.ones(1)) for name, value in done.items()}
        hidden = F.relu(F.linear(x.flatten(1), w["layers.0.weight"], w["layers.0.bias"]))
        wrong = F.linear(hidden, w["classifier.weight"], w["classifier.bias"]).argmax(1) != data.labels
        assert result(network, level).scalars["test_error"] == float(wrong.double().mean())
        assert result(network, level).scalars["update"] == LENGTH


def test_what_networks_share_is_done_once(study):
    plan, _ = study
    assert plan.roles["dense/s0/l0/train"] == plan.roles["imp/s0/l0/train"] == plan.roles["at-start/s0/l0/train"]
    loads = [task.label for task in plan.tasks.values() if task.kind.startswith("load")]
    assert sorted(loads) == ["masks/half", "weights/drawn", "weights/early", "weights/trained"]


def ids(text: str) -> dict[str, str]:
    return dict(plan_of(text).roles)


ONE = f"""
study = "one"
{HEADER}[weights]
w = {{ load = "FILE" }}
[masks]
m = {{ load = "MASK" }}
[networks]
imp = [{{ weights = "w", mask = "m" }}, {{ rounds = 1 }}]
[measures]
accuracy = {{}}
"""


def test_ids_are_those_of_the_tensors_however_they_are_stored(tmp_path):
    drawn, masks = others(), pruned(others(), {}, 0.5)
    renamed = {name.replace("classifier", "fc"): value for name, value in drawn.items()}
    save_file(drawn, tmp_path / "a.safetensors")
    save_file(dict(reversed(drawn.items())), tmp_path / "b.safetensors", {"note": "another container"})
    torch.save(drawn, tmp_path / "c.pt")
    torch.save({"state_dict": {f"model.{k}": v for k, v in drawn.items()}, "epoch": 3}, tmp_path / "d.ckpt")
    torch.save(renamed, tmp_path / "e.pt", _use_new_zipfile_serialization=False)
    torch.save({name: mask.int() for name, mask in masks.items()}, tmp_path / "mask.pth")
    save_file({name: mask.bool() for name, mask in masks.items()}, tmp_path / "mask.safetensors")

    def planned(file: str, mask: str = "mask.pth", more: str = "") -> dict[str, str]:
        return ids(ONE.replace('FILE"', f'{tmp_path / file}"{more}').replace("MASK", str(tmp_path / mask)))

    expected = planned("a.safetensors")
    for file in ("b.safetensors", "c.pt", "d.ckpt"):
        assert planned(file) == expected
    assert planned("e.pt", more=', rename = { fc = "classifier" }') == expected
    assert planned("a.safetensors", "mask.safetensors") == expected
    drawn["layers.0.bias"][3] += 1e-6
    save_file(drawn, tmp_path / "f.safetensors")
    moved = planned("f.safetensors")
    assert moved["masks/m"] == expected["masks/m"]
    assert not set(moved.values()) - {moved["masks/m"]} & set(expected.values())


def test_each_replicate_may_have_its_own(tmp_path):
    for replicate in range(3):
        values = {name: value + replicate for name, value in others().items()}
        save_file(values, tmp_path / f"w{replicate}.safetensors")
    torch.save({name: mask.int() for name, mask in pruned(others(), {}, 0.5).items()}, tmp_path / "m.pt")
    text = "replicates = 3\n" + ONE.replace("MASK", str(tmp_path / "m.pt"))
    apart = plan_of(text.replace("FILE", f"{tmp_path}/w{{replicate}}.safetensors"))
    assert len({apart.roles[f"weights/w/s{replicate}"] for replicate in range(3)}) == 3
    assert len({apart.roles[f"imp/s{replicate}/l0/train"] for replicate in range(3)}) == 3
    assert "masks/m" in apart.roles
    same_for_all = plan_of(text.replace("FILE", f"{tmp_path}/w0.safetensors"))
    assert same_for_all.roles["weights/w"] == apart.roles["weights/w/s0"]
    (said,) = set(same_for_all.notes) - set(apart.notes)
    assert said.startswith("all replicates start with the weights 'w': they differ in the order of the data alone")


def test_files_that_are_not_here_block_what_needs_them(tmp_path):
    text = ONE.replace("FILE", "nowhere/w.pt").replace("MASK", "nowhere/m.pt")
    plan = plan_of(text)
    assert {task.kind for task in plan.tasks.values()} == {"load_weights", "load_mask", "train", "prune"}
    assert plan.unknown == set(plan.tasks), "their ids rest on a file that nobody has seen"
    assert len(outlook(plan, None).diff.blocked) == len(plan.tasks)
    assert plan.shown(plan.roles["imp/s0/l0/train"]) == "?"


GONE = """
early = [{ mask = "m" }, { sparsity = 0.4 }]
late = [{ mask = "m" }, { sparsity = 0.9, rounds = 3 }]
exact = [{ mask = "m" }, { sparsity = 0.3, exact = true }, { rounds = 1 }]
free = [{ mask = "m" }, { rounds = 2, exclude = ["classifier"] }]
"""


def test_nothing_is_said_of_what_a_mask_leaves_that_is_not_here():
    text = ONE.replace("FILE", "nowhere/w.pt").replace("MASK", "nowhere/m.pt")
    plan = plan_of(re.sub(r"imp = .*\n", GONE, text))
    shown = {name: [level.shown for level in levels] for (_, name), levels in plan.levels.items()}
    assert shown == {
        "early": ["0.0%", "?", "?"],
        "late": ["0.0%", "?", "?", "?", "?"],
        "exact": ["0.0%", "?", "30.0%", "44.0%"],
        "free": ["0.0%", "?", "?", "?"],
    }
    assert {document["sparsity"] for document in mask_documents(plan) if document["network"] != "exact"} == {None}
    not_here = "the file of the mask 'm' is not here"
    expected = (
        f"early, late, exact: how sparse levels from 1 on are is not known, and in how many rounds stage 2 gets to its "
        f"sparsity: {not_here}",
        f"free: how sparse levels from 1 on are is not known: {not_here}",
    )
    assert [note for note in plan.notes if not_here in note] == list(expected)
    assert not any("differs between replicates" in note for note in plan.notes)
    assert from_document(to_document(plan)).levels == plan.levels


def problems(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(SpecError) as caught:
        plan_of(text)
    return [(problem.code, problem.path, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("change", "code", "path", "says"),
    [
        ({"w": {"x.weight": torch.ones(2, 2)}}, "E441", "weights.w.load", "it lacks `layers.0.weight` [300, 784]"),
        ({"w": {"x": torch.tensor([1.0, torch.nan])}}, "E441", "weights.w.load", "numbers that are not finite"),
        ({"m": {"x": torch.tensor([1.0, 0.5])}}, "E441", "masks.m.load", "other numbers than 0 and 1"),
        ({"w": [1, 2]}, "E441", "weights.w.load", "holds a list, and no tensors by name"),
        ({"w": {"best": 0.3, "x": torch.ones(2)}}, "E441", "weights.w.load", "has float under `best`"),
    ],
)
def test_what_a_run_would_refuse_is_a_problem_at_its_place(tmp_path, change, code, path, says):
    from lmcspec.catalog.models.mlp import Mlp
    from lmcspec.science.models import construct, mlp

    network = construct(mlp.build, Mlp(widths=(300, 100)), (1, 28, 28), 10)
    mask = {name: torch.ones_like(value) for name, value in network.named_parameters() if name.endswith("weight")}
    for name, content in ({"w": network.state_dict(), "m": mask} | change).items():
        torch.save(content, tmp_path / f"{name}.pt")
    text = ONE.replace("FILE", str(tmp_path / "w.pt")).replace("MASK", str(tmp_path / "m.pt"))
    text = text.replace('{ name = "digits", space = "raw" }', '"mnist"')
    text = text.replace('{ name = "mlp", widths = [16] }', '"lenet-300-100"')
    ((found, place, message),) = problems(text)
    assert (found, place) == (code, path)
    assert says in message


@pytest.mark.parametrize(
    ("network", "step", "code", "path"),
    [
        ("[{ weights = 'w', rounds = 1, rewind = '3it' }]", "5it", "E405", "networks.imp[0].rewind"),
        ("[{ weights = 'w', rounds = 1 }]", "21it", "E401", "weights.w.step"),
        ("[{ weights = 'w', rounds = 1, rewind = '20it' }]", "5it", "E401", "networks.imp[0].rewind"),
    ],
)
def test_steps_that_do_not_go_together(tmp_path, network, step, code, path):
    save_file(others(), tmp_path / "w.safetensors")
    text = ONE.replace("FILE", f'{tmp_path}/w.safetensors", step = "{step}').replace(
        '[masks]\nm = { load = "MASK" }', ""
    )
    ((found, place, _),) = problems(text.replace('[{ weights = "w", mask = "m" }, { rounds = 1 }]', network))
    assert (found, place) == (code, path)


def test_weights_at_the_end_have_no_copies_that_part(tmp_path):
    save_file(others(), tmp_path / "w.safetensors")
    text = ONE.replace("FILE", f'{tmp_path}/w.safetensors", step = "{LENGTH}it').replace('mask = "m" ', "")
    text = text.replace('[masks]\nm = { load = "MASK" }', "").replace(", }, { rounds = 1 }]", " }]")
    text = text.replace("accuracy = {}", 'stability = { levels = ["dense"] }')
    ((code, path, message),) = problems(text)
    assert (code, path) == ("E401", "measures.stability.at[0]"), message

"""Prunes by criteria that rank the weights at a rewind point: what is ranked, in how many steps, by which images."""

from typing import get_args

import numpy as np
import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, Done, do, training
from safetensors.torch import load_file
from torch.nn import functional as F

from lmcspec.catalog import get
from lmcspec.science import masks
from lmcspec.science.criteria import magnitude, synflow
from lmcspec.science.data.distilled.distilled_set import Distilled, distilled_facts, save_distilled
from lmcspec.science.data.space import Space
from lmcspec.science.initial import initial_state
from lmcspec.tasks import Interrupted, Part, read
from lmcspec.tasks.prune import Prune, run
from lmcspec.tasks.train import run as train

TOTAL = 592
"""Prunable weights of the MLP: 512 and 80."""
SNIP = {"name": "snip", "per_class": 3, "batch": 256, "mode": "train", "iterations": 1}
GRASP = {**SNIP, "name": "grasp", "temperature": 200.0}
SYNFLOW = {"name": "synflow", "iterations": 100}
AT_INIT = {"name": "magnitude-at-init"}
SEEDS = {"replicate": 2}


def params(criterion=SYNFLOW, fraction=0.9, model=MLP, **more):
    data = RAW if "per_class" in criterion else None
    return Prune(model, Part.of(criterion), fraction, **({"start": "init", "data": data} | more))


def mask_of(done):
    return load_file(done.out / read.MASK)


def same(one, other):
    return all(torch.equal(mask, other[name]) for name, mask in one.items())


def initial(model=MLP, replicate=2):
    return initial_state(read.module(model), "default", ("init", replicate))


def stored(folder, state) -> Done:
    folder.mkdir()
    read.write(folder / read.STATE, state)
    return Done(folder)


def naive_synflow(state, kept, steps):
    """Masks of the MLP with `kept` survivors: in each step score, sort everything, keep the largest."""
    w1, b1, w2 = (
        state[name].double().abs().numpy() for name in ("layers.0.weight", "layers.0.bias", "classifier.weight")
    )
    m1, m2 = np.ones_like(w1), np.ones_like(w2)
    for step in range(1, steps + 1):
        hidden = (w1 * m1).sum(1) + b1
        out = (w2 * m2).sum(0)
        scores = np.concatenate([(out[:, None] * w1 * m1).ravel(), (w2 * m2 * hidden[None, :]).ravel()])
        alive = np.concatenate([m1.ravel(), m2.ravel()]) > 0
        gone = TOTAL - int(TOTAL * (1 - (kept / TOTAL) ** (step / steps)) + 0.5)
        order = np.argsort(np.where(alive, scores, -1.0), kind="stable")
        flags = np.ones(TOTAL)
        flags[order[: TOTAL - gone]] = 0
        m1, m2 = flags[:512].reshape(w1.shape), flags[512:].reshape(w2.shape)
    return {"layers.0.weight": torch.tensor(m1).bool(), "classifier.weight": torch.tensor(m2).bool()}


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_synflow_prunes_in_steps_of_equal_ratios(tmp_path, steps):
    done = do(run, tmp_path / "a", params({"name": "synflow", "iterations": steps}), SEEDS)
    assert done.scalars["surviving"] == 59  # 592 - floor(532.8 + 1/2)
    assert same(mask_of(done), naive_synflow(initial(), 59, steps))


def test_one_step_and_a_hundred_are_not_the_same(tmp_path):
    at_once = do(run, tmp_path / "a", params({"name": "synflow", "iterations": 1}), SEEDS)
    assert not same(mask_of(at_once), mask_of(do(run, tmp_path / "b", params(), SEEDS)))


def test_a_hundred_steps_leave_no_layer_empty_where_one_does(tmp_path):
    """The point of the paper: a flow is conserved, so the last weight of a layer carries all of it."""
    weights = initial()
    weights["layers.0.weight"] *= 1e-3
    weights["layers.0.bias"] *= 0
    state = {"state": stored(tmp_path / "s", weights)}
    for steps, outcome in ((1, "dead-layer"), (100, "ok")):
        few = params({"name": "synflow", "iterations": steps}, 0.99, start="given")
        assert do(run, tmp_path / str(steps), few, {}, inputs=state).outcome == outcome


@pytest.mark.parametrize("criterion", [SYNFLOW, SNIP, GRASP, AT_INIT], ids=lambda one: one["name"])
class TestAll:
    def test_what_is_drawn_is_the_replicate_s_initial_state(self, tmp_path, criterion):
        drawn = do(run, tmp_path / "a", params(criterion), SEEDS)
        inputs = {"state": stored(tmp_path / "s", initial())}
        given = do(run, tmp_path / "b", params(criterion, start="given"), {}, inputs=inputs)
        assert drawn.out.joinpath(read.MASK).read_bytes() == given.out.joinpath(read.MASK).read_bytes()
        assert drawn.scalars == given.scalars
        other = do(run, tmp_path / "c", params(criterion), {"replicate": 3})
        assert not same(mask_of(drawn), mask_of(other))

    def test_pruned_weights_stay_pruned_and_counts_are_exact(self, tmp_path, criterion):
        first = do(run, tmp_path / "a", params(criterion, 0.5), SEEDS)
        second = do(run, tmp_path / "b", params(criterion, 0.5), SEEDS, inputs={"mask": first})
        assert (first.scalars["surviving"], second.scalars["surviving"]) == (296, 148)
        assert all((mask <= mask_of(first)[name]).all() for name, mask in mask_of(second).items())

    def test_rounds_at_once_leave_as_many_as_one_after_the_other(self, tmp_path, criterion):
        done = do(run, tmp_path / "a", params(criterion, 0.2, rounds=4), SEEDS)
        assert done.scalars["surviving"] == 592 - 118 - 95 - 76 - 61

    def test_excluded_layers_and_exact_sparsity(self, tmp_path, criterion):
        how = params(criterion, exclude=("classifier",), sparsity=0.7)
        done = do(run, tmp_path / "a", how, SEEDS)
        assert done.scalars["layers"] == {"layers.0.weight": [98, 512], "classifier.weight": [80, 80]}

    def test_by_layer(self, tmp_path, criterion):
        done = do(run, tmp_path / "a", params(criterion, 0.75, scope="layer"), SEEDS)
        assert done.scalars["layers"] == {"layers.0.weight": [128, 512], "classifier.weight": [20, 80]}

    def test_batch_norm(self, tmp_path, criterion):
        done = do(run, tmp_path / "a", params(criterion, 0.5, CONVNET), SEEDS)
        total = done.scalars["prunable"]
        assert done.scalars["surviving"] == total - int(total / 2 + 0.5)
        assert set(mask_of(done)) == {"blocks.0.conv.weight", "blocks.1.conv.weight", "classifier.weight"}

    def test_weights_that_are_not_numbers_have_no_order(self, tmp_path, criterion):
        weights = initial()
        weights["classifier.weight"][0, 0] = float("nan")
        inputs = {"state": stored(tmp_path / "s", weights)}
        done = do(run, tmp_path / "a", params(criterion, start="given"), {}, inputs=inputs)
        assert (done.outcome, done.scalars, list(done.out.iterdir())) == ("diverged", {}, [])


def schemes():
    """The small models with every way that their configs know to draw weights and norms."""
    for part in (MLP, CONVNET):
        config = part.value["config"]
        for name, field in get("model", config["name"]).config.model_fields.items():
            if name.endswith("init"):
                for way in get_args(field.annotation):
                    yield Part.of({**part.value, "config": {**config, name: way}})


@pytest.mark.parametrize("model", list(schemes()), ids=lambda part: str(list(part.value["config"].values())))
def test_what_is_ranked_is_what_training_starts_from(tmp_path, model):
    """However a model draws its weights and norms: two places in the code draw them."""
    start = do(train, tmp_path / "train", training(model, until=0), SEEDS | {"copy": 0, "level": 0})
    drawn = do(run, tmp_path / "drawn", params(SNIP, 0.5, model), SEEDS)
    given = do(run, tmp_path / "given", params(SNIP, 0.5, model, start="given"), {}, inputs={"state": start})
    assert same(mask_of(drawn), mask_of(given))


def test_magnitude_at_init_is_magnitude_of_that_state(tmp_path):
    done = do(run, tmp_path / "a", params(AT_INIT, 0.4), SEEDS)
    dense = masks.dense(read.module(MLP))
    assert same(mask_of(done), masks.prune(magnitude.scores(initial(), dense), dense, 237))


def snip_by_hand(x, y, kept):
    """The mask of the MLP by the largest |g w| of all weights, dense."""
    state = {name: tensor.requires_grad_() for name, tensor in initial().items()}
    hidden = F.linear(x.flatten(1), state["layers.0.weight"], state["layers.0.bias"]).relu()
    F.cross_entropy(F.linear(hidden, state["classifier.weight"], state["classifier.bias"]), y).backward()
    names = ("layers.0.weight", "classifier.weight")
    scores = torch.cat([(state[name].grad * state[name]).abs().flatten() for name in names])  # pyright: ignore[reportOptionalOperand]
    flags = torch.ones(TOTAL, dtype=torch.bool)
    flags[torch.sort(scores, stable=True).indices[: TOTAL - kept]] = False
    return {name: part.view(state[name].shape) for name, part in zip(names, flags.split([512, 80]), strict=True)}


def test_snip_looks_at_as_many_training_images_of_each_class_and_always_at_the_same(tmp_path, monkeypatch):
    from lmcspec.science.data import load

    seen = []
    from lmcspec.science.criteria import snip

    monkeypatch.setattr(snip, "scores", lambda *a, real=snip.scores: (seen.append(a[-1]), real(*a))[1])
    found = do(run, tmp_path / "a", params(SNIP, 0.9), SEEDS)
    do(run, tmp_path / "b", params(SNIP, 0.9), {"replicate": 5})
    (first, second) = seen
    assert torch.equal(first.images, second.images)
    assert torch.bincount(first.labels).tolist() == [3] * 10
    everything = {image.numpy().tobytes() for image in load("digits", space="raw").train.images}  # pyright: ignore[reportGeneralTypeIssues]
    assert {image.numpy().tobytes() for image in first.images} <= everything
    x, y = first.all()
    assert same(mask_of(found), snip_by_hand(x, y, 59))


def test_a_distilled_set_is_looked_at_instead(tmp_path):
    x, y = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 10
    folder = tmp_path / "set"
    folder.mkdir()
    save_distilled(folder / read.DISTILLED, Distilled(x, y, Space("raw")))
    by_input = do(run, tmp_path / "a", params(SNIP, 0.9), SEEDS, inputs={"data": Done(folder)})
    assert same(mask_of(by_input), snip_by_hand(x, y, 59))
    part = Part.of({"digest": distilled_facts(folder / read.DISTILLED, 10, (1, 8, 8)).digest})
    where = {part.digest: {"file": str(folder / read.DISTILLED)}}
    by_file = do(run, tmp_path / "b", params(SNIP, 0.9, train_on=part), SEEDS, neutral=where)
    assert same(mask_of(by_file), mask_of(by_input))


def test_it_stops_between_steps_when_told(tmp_path):
    asked = iter([False, False, True])
    with pytest.raises(Interrupted, match="after step 2 of 100"):
        do(run, tmp_path / "a", params(), SEEDS, stop=lambda: next(asked))


def test_steps_in_which_nothing_goes_are_not_scored(tmp_path, monkeypatch):
    scored = []
    monkeypatch.setattr(synflow, "scores", lambda *a, real=synflow.scores: (scored.append(1), real(*a))[1])
    done = do(run, tmp_path / "a", params(fraction=0.005), SEEDS)
    assert done.scalars["surviving"] == TOTAL - 3
    assert len(scored) == 3


def test_everything_can_go(tmp_path):
    done = do(run, tmp_path / "a", params(fraction=0.9999), SEEDS)
    assert (done.scalars["surviving"], done.outcome) == (0, "dead-layer")


@pytest.mark.gpu
@pytest.mark.parametrize("criterion", [SYNFLOW, SNIP, GRASP], ids=lambda one: one["name"])
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_a_gpu_agrees_and_repeats_itself_bitwise(cuda, tmp_path, criterion, model):
    here = do(run, tmp_path / "here", params(criterion, 0.5, model), SEEDS)
    there, again = (
        do(run, tmp_path / name, params(criterion, 0.5, model), SEEDS, device=cuda) for name in ("there", "again")
    )
    assert there.out.joinpath(read.MASK).read_bytes() == again.out.joinpath(read.MASK).read_bytes()
    assert there.scalars["surviving"] == here.scalars["surviving"]
    found, expected = mask_of(there), mask_of(here)
    other = sum(int((found[name] != expected[name]).sum()) for name in expected)
    assert other <= 0.02 * here.scalars["prunable"]

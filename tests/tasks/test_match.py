"""Matching as a task: every method ends at the same permutation however often it was stopped, and costs what is planned."""

import math
from itertools import chain, repeat

import pytest
import torch
from cards_for_tests import example
from context_for_tests import CONVNET, MLP, RAW, Done, TestContext, do, files
from safetensors.torch import load_file, save_file

from lmcspec.base.errors import LmcspecError
from lmcspec.base.facts import ModelFacts
from lmcspec.base.steps import Step
from lmcspec.catalog import built_in, get
from lmcspec.catalog.in_updates import counted
from lmcspec.science.data import Space, load
from lmcspec.science.initial import initial_state
from lmcspec.science.permute.midpoint import Midpoint
from lmcspec.science.permute.straight_through import StraightThrough, match_straight_through
from lmcspec.tasks import Interrupted, Known, Part, read
from lmcspec.tasks.checkpoint import Checkpoints
from lmcspec.tasks.match import Match, run, work

SMALL = {
    "ste": {"length": Step(updates=7), "batch": 90, "look": Step(updates=3), "lr": 0.5},
    "sinkhorn": {"length": Step(updates=6), "batch": 90},
}
METHODS = [*({"method": name} | SMALL.get(name, {}) for name in built_in("matcher"))]
METHODS += [
    {"method": "weights", "restarts": 3},
    {**METHODS[0], "method": "sinkhorn", **SMALL["sinkhorn"], "loss": "random", "gradient": "unrolled"},
    {"method": "sinkhorn", **SMALL["sinkhorn"], "loss": "l2"},
]


def label(settings):
    return "-".join(str(value) for key, value in settings.items() if key in ("method", "loss", "restarts"))


def params(settings, model=MLP, images=200):
    card = get("matcher", settings["method"])
    config = example(card, **settings)
    looks = card.images(config) != 0
    return Match(model, Part.of(counted(config)), RAW if looks else None, images if looks else 0)


def ends(root, model=MLP):
    """Two networks that nobody has trained, which differ in all that there is."""
    network, inputs = read.module(model), {}
    for name, replicate in (("a", 0), ("b", 1)):
        state = initial_state(network, "default", ("init", replicate))
        generator = torch.Generator().manual_seed(replicate)
        for tensor in state.values():
            if tensor.ndim == 1:
                tensor += torch.rand(tensor.shape, generator=generator)
        (root / name).mkdir(parents=True, exist_ok=True)
        save_file({key: tensor.contiguous() for key, tensor in state.items()}, root / name / read.STATE)
        inputs[name] = Done(root / name)
    return inputs


def match(root, asked, model=MLP, **context):
    return do(run, root, asked, {"pair": 4}, inputs=ends(root.parent / f"ends of {root.name}", model), **context)


@pytest.mark.parametrize("settings", METHODS, ids=label)
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "batch norm"])
def test_a_stop_after_any_step_costs_nothing(tmp_path, settings, model):
    asked = params(settings, model)
    whole = match(tmp_path / "whole", asked, model)
    assert len(load_file(whole.out / read.PERMUTATION)) == len(whole.scalars["units"])
    for _ in range(100):
        try:
            # Two steps are done each time: it is asked once after each.
            stops = chain([False], repeat(True))
            stopped = match(tmp_path / "stopped", asked, model, stop=lambda stops=stops: next(stops))
            break
        except Interrupted:
            continue
    else:
        raise AssertionError("it never ends")
    assert files(stopped) == files(whole)
    assert stopped.scalars == whole.scalars


class Killed(BaseException):
    """As a kill ends a process: no code runs after it."""


@pytest.mark.parametrize("settings", METHODS[:5], ids=label)
def test_what_is_killed_goes_on_from_its_last_checkpoint(tmp_path, settings, monkeypatch):
    asked = params(settings)
    whole = match(tmp_path / "whole", asked)
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    seen = []

    def progress(self, done, total, note=""):
        seen.append((done, total))
        if len(seen) == 3:
            raise Killed

    monkeypatch.setattr(TestContext, "progress", progress)
    killed = False
    try:
        again = match(tmp_path / "killed", asked)
    except Killed:
        killed = True
        again = match(tmp_path / "killed", asked)
        assert seen[3][0] >= seen[1][0], "it didn't begin anew"
    assert killed or len(seen) < 3
    assert files(again) == files(whole)
    assert all(0 <= done <= total == seen[0][1] for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen) or killed


def test_a_straight_through_estimator_is_the_science(tmp_path):
    done = match(tmp_path / "whole", params({"method": "ste", **SMALL["ste"]}))
    network, data = read.module(MLP), load("digits", space=Space("raw"))
    few = data.train.subset(read.balanced(data.train, RAW, 200, "match"))
    a, b = (load_file(tmp_path / "ends of whole" / end / read.STATE) for end in "ab")
    settings = StraightThrough(steps=7, batch=90, lr=0.5, look=3, pair=4)
    expected = match_straight_through(read.groups(MLP), Midpoint(network, a), b, few, settings)
    found = load_file(done.out / read.PERMUTATION)
    assert all(torch.equal(found[group], vector) for group, vector in expected.items())


def test_what_diverges_says_so(tmp_path):
    long = {"length": Step(updates=60), "look": Step(updates=60)}
    asked = params({"method": "ste", "batch": 90, "lr": 3e38, "momentum": 0.99, **long})
    with pytest.raises(LmcspecError, match="diverged") as error:
        match(tmp_path / "whole", asked)
    assert "`lr`" in error.value.help


WIDE_ONE = Part.of({**MLP.value, "config": {**MLP.value["config"], "widths": [1, 1]}})
DEEP = Part.of({**MLP.value, "config": {**MLP.value["config"], "widths": [8, 8, 8]}})


@pytest.mark.parametrize("settings", METHODS, ids=label)
def test_where_no_units_can_be_permuted_nothing_moves(tmp_path, settings):
    done = match(tmp_path / "whole", params(settings, WIDE_ONE), WIDE_ONE)
    assert (done.outcome, done.scalars["units"]) == ("ok", {})
    assert load_file(done.out / read.PERMUTATION) == {}
    assert done.scalars["distance-before"] == done.scalars["distance-after"]


def changed(root, end, change, model):
    """The two networks, one of which became something else."""
    inputs = ends(root, model)
    state = load_file(inputs[end].out / read.STATE)
    save_file({name: change(tensor) for name, tensor in state.items()}, inputs[end].out / read.STATE)
    return inputs


@pytest.mark.parametrize("settings", METHODS, ids=label)
@pytest.mark.parametrize("end", ["a", "b"])
def test_what_is_no_number_is_aligned_with_nothing(tmp_path, settings, end):
    """Weights that are none; or such whose activations overflow, for methods that look at these."""
    asked = params(settings, DEEP)
    changes = [lambda tensor: tensor / tensor.new_zeros(())]
    changes += [lambda tensor: tensor * 1e25] * (asked.data is not None)
    for place, change in enumerate(changes):
        inputs = changed(tmp_path / f"ends {place}", end, change, DEEP)
        done = do(run, tmp_path / f"run {place}", asked, {"pair": 4}, inputs=inputs)
        assert done.outcome == "diverged" and not list(done.out.iterdir())


@pytest.mark.parametrize("settings", METHODS, ids=label)
def test_a_network_of_zeros_is_as_near_whatever_is_done(tmp_path, settings):
    inputs = changed(tmp_path / "ends", "a", torch.zeros_like, MLP)
    done = do(run, tmp_path / "run", params(settings), {"pair": 4}, inputs=inputs)
    assert done.outcome == "ok"
    assert done.scalars["distance-after"] == pytest.approx(done.scalars["distance-before"])


@pytest.mark.parametrize("settings", METHODS, ids=label)
def test_a_checkpoint_of_another_version_is_left(tmp_path, settings):
    """It is of this task and whole, but a method that was another then can't go on from it."""
    asked = params(settings)
    whole = match(tmp_path / "whole", asked)
    again = tmp_path / "again"
    old = TestContext(again)
    Checkpoints(old, "steps done", "train.checkpoint").write(1, {"what it was": torch.ones(3)})
    assert files(match(again, asked)) == files(whole)


@pytest.mark.parametrize("settings", METHODS, ids=label)
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "batch norm"])
def test_it_runs_as_many_images_as_planned(tmp_path, settings, model, monkeypatch):
    seen = {True: 0, False: 0}

    def count(module, inputs):
        if len(inputs[0]) > 10:  # tracing and its check take a few
            seen[torch.is_grad_enabled()] += len(inputs[0])

    module = read.module

    def watched(*args, **more):
        network = module(*args, **more)
        network.register_forward_pre_hook(count)
        return network

    monkeypatch.setattr(read, "module", watched)
    asked = params(settings, model)
    match(tmp_path / "whole", asked, model)
    facts = ModelFacts(10, (), 1, has_batch_norm=model is CONVNET)
    known = Known(get("dataset", "digits").facts, 0, facts)
    todo = work(asked, known)
    assert (todo.images, todo.forward) == (seen[True], 3 * seen[True] + seen[False])
    assert todo.units == (todo.forward or todo.updates or 1)
    batches = math.ceil(200 / 90)
    if settings["method"] == "ste":
        assert (todo.images, todo.updates) == (2 * 200 + 90, 7)
        assert todo.updates == 2 * batches + 1

"""Training tasks: where they start, what they keep, how they go on, and how they come out."""

import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, SEEDS, Done, TestContext, do, files, neutral, recipe, training
from safetensors.torch import load_file, save_file

from lmcspec.base.errors import BlockedError
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.optimisers.adam import Adam, AdamW
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.schedules.constant import Constant
from lmcspec.catalog.schedules.cosine import Cosine
from lmcspec.science import masks
from lmcspec.science.data import load
from lmcspec.science.data.distilled.distilled_set import Distilled, distilled_facts, enter_distilled, save_distilled
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.train import Segment, train
from lmcspec.tasks import Interrupted, Part, encode, read
from lmcspec.tasks.train import run
from lmcspec.tasks.training import recipe_of

LONG = recipe(length=40)
"""Long enough for two looks at whether to stop, after 16 and after 32 updates."""


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture
def mask(tmp_path) -> Done:
    """Half of each tensor of the MLP."""
    return masked(tmp_path / "mask", MLP)


def masked(folder, model, dead=()) -> Done:
    names = masks.dense(read.module(model))
    generator = torch.Generator().manual_seed(1)
    mask = {name: torch.rand(keep.shape, generator=generator) < 0.5 for name, keep in names.items()}
    for name in dead:
        mask[name][:] = False
    folder.mkdir(parents=True)
    read.write(folder / read.MASK, mask)
    return Done(folder)


def state_of(done):
    return load_file(done.out / read.STATE)


def start(model, *address):
    """The state after no update."""
    return initial_state(read.module(model), "default", address)


class TestStart:
    def test_init_and_reinit_are_drawn_from_their_streams(self, tmp_path):
        seeds = SEEDS | {"replicate": 3, "level": 2}
        drawn = do(run, tmp_path / "a", training(until=0), seeds)
        redrawn = do(run, tmp_path / "b", training(until=0, start="reinit"), seeds)
        for done, address in ((drawn, ("init", 3)), (redrawn, ("reinit", 3, 0))):
            expected = start(MLP, *address)
            assert {name: value.tolist() for name, value in state_of(done).items()} == {
                name: value.tolist() for name, value in expected.items()
            }

    def test_the_scheme_of_the_model_is_used(self, tmp_path):
        model = Part.of(MLP.value | {"config": MLP.value["config"] | {"init": "kaiming-normal"}})
        drawn = state_of(do(run, tmp_path, training(model, until=0)))
        expected = initial_state(read.module(MLP), "kaiming-normal", ("init", 0))
        assert torch.equal(drawn["layers.0.weight"], expected["layers.0.weight"])

    def test_given(self, tmp_path):
        before = do(run, tmp_path / "a", training(until=4))
        after = do(run, tmp_path / "b", training(begin=4, until=4, start="given"), inputs={"start": before})
        assert files(after)[read.STATE] == files(before)[read.STATE]

    def test_restoring_prunable_weights_only(self, tmp_path):
        early = do(run, tmp_path / "early", training(CONVNET, until=2))
        last = do(run, tmp_path / "last", training(CONVNET))
        params = training(CONVNET, begin=2, until=2, start="given", restore="prunable")
        state = state_of(do(run, tmp_path / "c", params, inputs={"start": early, "last": last}))
        weights = {"blocks.0.conv.weight", "blocks.1.conv.weight", "classifier.weight"}
        for name, value in state.items():
            source, other = (early, last) if name in weights else (last, early)
            assert torch.equal(value, state_of(source)[name]), name
            assert not torch.equal(value, state_of(other)[name]), name
        assert {"blocks.0.conv.bias", "blocks.0.norm.weight", "blocks.0.norm.running_var"} < state.keys()

    def test_restoring_onto_an_initialisation(self, tmp_path):
        last = do(run, tmp_path / "last", training())
        state = state_of(do(run, tmp_path / "b", training(until=0, restore="prunable"), inputs={"last": last}))
        assert torch.equal(state["layers.0.weight"], start(MLP, "init", 0)["layers.0.weight"])
        assert torch.equal(state["layers.0.bias"], state_of(last)["layers.0.bias"])


class TestMoments:
    CARRY = recipe(optimiser_state="carry")

    def test_carried_moments_go_on(self, tmp_path):
        before = do(run, tmp_path / "a", training(until=4, how=self.CARRY))
        on = do(run, tmp_path / "b", training(begin=4, start="given", how=self.CARRY), inputs={"start": before})
        whole = do(run, tmp_path / "c", training(how=self.CARRY))
        assert files(on) == files(whole)
        assert on.scalars == whole.scalars

    def test_fresh_ones_do_not(self, tmp_path):
        before = do(run, tmp_path / "a", training(until=4))
        anew = do(run, tmp_path / "b", training(begin=4, start="given"), inputs={"start": before})
        whole = do(run, tmp_path / "c", training())
        assert files(anew)[read.STATE] != files(whole)[read.STATE]

    def test_nothing_is_carried_from_an_end(self, tmp_path):
        """The state at the end keeps no moments: training on from there starts them anew."""
        before = do(run, tmp_path / "a", training(how=self.CARRY))
        assert list(files(before)) == [read.STATE]
        on = do(run, tmp_path / "b", training(begin=4, start="given", how=self.CARRY), inputs={"start": before})
        fresh = do(run, tmp_path / "c", training(begin=4, start="given"), inputs={"start": before})
        assert files(on) == files(fresh)


class TestMask:
    @pytest.mark.parametrize("optimiser", [Sgd(lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True), Adam(lr=0.01)])
    def test_what_is_masked_is_exactly_zero(self, tmp_path, mask, optimiser):
        params = training(until=7, how=recipe(optimiser=optimiser))
        done = do(run, tmp_path / "a", params, inputs={"mask": mask})
        keep = load_file(mask.out / read.MASK)
        moments = load_file(done.out / read.OPTIMISER)
        for name, kept in keep.items():
            own = [tensor for moment, tensor in moments.items() if moment.endswith(f"/{name}")]
            assert len(own) == (1 if isinstance(optimiser, Sgd) else 2)
            for tensor in (state_of(done)[name], *own):
                assert torch.equal(tensor[~kept], torch.zeros_like(tensor[~kept]))
                assert tensor[kept].count_nonzero() > 0

    def test_a_mask_of_another_model_is_an_error(self, tmp_path, mask):
        with pytest.raises(ValueError, match="mask is for other tensors"):
            do(run, tmp_path / "a", training(CONVNET), inputs={"mask": mask})


class TestAgainstScience:
    def test_it_is_the_loop_and_the_evaluation(self, tmp_path, digits):
        seeds = {"replicate": 1, "copy": 2, "level": 3}
        done = do(run, tmp_path, training(until=7), seeds)
        network = read.module(MLP)
        network.load_state_dict(start(MLP, "init", 1))
        end = train(network, digits.train, recipe_of(recipe()), SgdNoise(1, 2, 3), segment=Segment(until=7))
        for name, value in state_of(done).items():
            assert torch.equal(value, end.state[name])
        test, clean = evaluate(network, digits.test), evaluate(network, digits.train)
        assert done.scalars == {
            "update": 7,
            "test_error": test.error,
            "test_loss": test.loss,
            "test_images": 360,
            "train_error": clean.error,
            "train_loss": clean.loss,
            "train_images": 1437,
        }

    def test_recipes_come_back_from_their_parts(self):
        part = recipe(optimiser=Adam(lr=0.01, eps=1e-6), augment=Augment(flip=True, crop=2))
        assert recipe_of(part).optimiser == Adam(lr=0.01, eps=1e-6)
        assert recipe_of(part).augment == Augment(flip=True, crop=2)
        assert recipe_of(recipe()).schedule == Constant()

    def test_the_curve_goes_to_the_metrics_and_the_model_s_facts_to_the_plans(self, tmp_path):
        params = training(how=LONG, until=40)
        ctx = TestContext(tmp_path, neutral=neutral(params))
        ctx.memory.pop(("facts", MLP.digest), None)
        run(ctx, params, SEEDS)
        assert {16, 32} <= {step for name, _, step in ctx.metrics if name == "train/loss"}
        assert ctx.facts[MLP.digest]["parameters"] == 64 * 8 + 8 + 80 + 10


class TestGoingOn:
    """Bitwise what an uninterrupted training writes."""

    @pytest.fixture(params=["mlp", "batch norm and adam", "masked"])
    def case(self, request, tmp_path):
        match request.param:
            case "mlp":
                return training(how=LONG, until=40), {}
            case "batch norm and adam":
                return training(CONVNET, how=recipe(length=40, batch=32, optimiser=Adam(lr=0.01)), until=37), {}
            case _:
                return training(how=LONG, until=40), {"mask": masked(tmp_path / "mask", MLP)}

    def test_from_a_checkpoint(self, tmp_path, case):
        params, inputs = case
        whole = do(run, tmp_path / "whole", params, inputs=inputs)
        ctx = TestContext(tmp_path / "cut", inputs, neutral(params), stop=lambda: True)
        with pytest.raises(Interrupted, match=rf"stopped after update \d+ of {params.until}"):
            run(ctx, params, SEEDS)
        assert list(ctx.out.iterdir()) == []
        assert [path.name for path in ctx.partial.iterdir()] == ["checkpoint.safetensors"]
        again = TestContext(tmp_path / "cut", inputs, neutral(params))
        finished = run(again, params, SEEDS)
        assert "goes on from its checkpoint after update" in again.lines[0]
        assert files(Done(again.out)) == files(whole)
        assert finished.scalars == whole.scalars

    def test_after_checkpoints_on_the_way(self, tmp_path, case, monkeypatch):
        params, inputs = case
        whole = do(run, tmp_path / "whole", params, inputs=inputs)
        monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
        stopping = do(run, tmp_path / "b", params, inputs=inputs)
        assert (tmp_path / "b" / "partial" / "checkpoint.safetensors").exists()
        assert files(stopping) == files(whole)
        assert stopping.scalars == whole.scalars

    def test_from_a_stored_state_of_the_branch(self, tmp_path, case):
        params, inputs = case
        whole = do(run, tmp_path / "whole", params, inputs=inputs)
        shorter = training(params.model, how=params.recipe, until=21)
        stored = do(run, tmp_path / "b", shorter, inputs=inputs)
        on = do(run, tmp_path / "c", params, inputs={**inputs, "continue": stored})
        assert files(on) == files(whole)
        assert on.scalars == whole.scalars

    def test_a_stored_state_past_what_is_wanted_is_not_used(self, tmp_path):
        params, passed = training(how=LONG, until=40), (("early", encode(training(how=LONG, until=5))),)
        stored = do(run, tmp_path / "a", training(how=LONG, until=21))
        committed: dict[str, Done] = {}
        do(run, tmp_path / "b", params, inputs={"continue": stored}, passed=passed, committed=committed)
        assert committed["early"].scalars["update"] == 5


class TestPassing:
    """A state that is passed is the result of the training until there."""

    @pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
    def test_equals_the_training_alone(self, tmp_path, model):
        committed: dict[str, Done] = {}
        wanted = {"k0": training(model, until=0), "k7": training(model, until=7)}
        passed = tuple((name, encode(params)) for name, params in wanted.items())
        whole = do(run, tmp_path / "whole", training(model), passed=passed, committed=committed)
        assert committed.keys() == wanted.keys()
        for name, params in wanted.items():
            alone = do(run, tmp_path / name, params)
            assert files(committed[name]) == files(alone)
            assert list(files(alone)) == [read.OPTIMISER, read.STATE]
            assert committed[name].scalars == alone.scalars
            assert committed[name].outcome == alone.outcome
        undisturbed = do(run, tmp_path / "undisturbed", training(model))
        assert files(whole) == files(undisturbed)
        assert whole.scalars == undisturbed.scalars

    def test_what_is_there_is_left_alone(self, tmp_path):
        there = Done(tmp_path)
        committed = {"k7": there}
        do(run, tmp_path / "a", training(), passed=(("k7", encode(training(until=7))),), committed=committed)
        assert committed == {"k7": there}
        assert not (tmp_path / "a" / "passed-k7").exists()

    def test_a_diverged_training_passes_its_end_on(self, tmp_path):
        wild = recipe(length=40, optimiser=Sgd(lr=1e30))
        committed: dict[str, Done] = {}
        passed = tuple((name, encode(training(how=wild, until=k))) for name, k in (("late", 30), ("early", 0)))
        do(run, tmp_path / "a", training(how=wild, until=40), passed=passed, committed=committed)
        assert committed["late"].outcome == "diverged"
        assert list(committed) == ["early", "late"]
        alone = do(run, tmp_path / "b", training(how=wild, until=30))
        assert str(committed["late"].scalars) == str(alone.scalars)  # NaN is not equal to itself
        assert alone.scalars["update"] == 16
        assert files(committed["late"]) == files(alone)


class TestDistilled:
    @pytest.fixture
    def made(self, tmp_path, digits) -> Done:
        """Five images of each class, in the study's space."""
        labels = digits.train.labels
        chosen = torch.cat([(labels == label).nonzero().squeeze(1)[:5] for label in range(10)])
        images, labels = digits.train.batch(chosen)
        save_distilled(tmp_path / read.DISTILLED, Distilled(images, labels, digits.space))
        return Done(tmp_path)

    HOW = recipe(length=20, batch=10, augment=Augment())

    def test_trains_on_the_set_and_is_tested_on_real_images(self, tmp_path, digits, made):
        done = do(run, tmp_path / "a", training(how=self.HOW, until=20), inputs={"data": made})
        assert (done.scalars["train_images"], done.scalars["test_images"]) == (50, 360)
        network = read.module(MLP)
        network.load_state_dict(start(MLP, "init", 0))
        split = enter_distilled(read.distilled(TestContext(tmp_path / "b", {"data": made}), digits, None), digits)
        end = train(network, split, recipe_of(self.HOW), SgdNoise(0), segment=Segment(until=20))
        assert torch.equal(state_of(done)["layers.0.weight"], end.state["layers.0.weight"])
        assert done.scalars["test_error"] == evaluate(network, digits.test).error
        assert done.scalars["train_error"] == evaluate(network, split).error

    def test_a_set_from_a_file_is_the_same(self, tmp_path, made):
        digest = distilled_facts(made.out / read.DISTILLED, 10, (1, 8, 8)).digest
        part = Part.of({"digest": digest, "space": {"name": "raw"}, "images": 50})
        places = {part.digest: {"file": str(made.out / read.DISTILLED), "space": "raw"}}
        given = do(run, tmp_path / "a", training(how=self.HOW, until=20, train_on=part), neutral=places)
        as_input = do(run, tmp_path / "b", training(how=self.HOW, until=20), inputs={"data": made})
        assert files(given) == files(as_input)
        assert given.scalars == as_input.scalars


class TestOutcomes:
    STILL = recipe(length=4, optimiser=Sgd(lr=1e-12))
    """Learns nothing."""

    def test_ok(self, tmp_path):
        assert do(run, tmp_path, training(how=recipe(length=40), until=40)).outcome == "ok"

    def test_diverged(self, tmp_path):
        done = do(run, tmp_path, training(how=recipe(optimiser=Sgd(lr=1e30)), until=10))
        assert done.outcome == "diverged"
        assert done.scalars["test_error"] > 0.8

    def test_dead_layer(self, tmp_path):
        dead = masked(tmp_path / "mask", MLP, dead=["classifier.weight"])
        assert do(run, tmp_path / "a", training(), inputs={"mask": dead}).outcome == "dead-layer"

    def test_chance_is_judged_at_the_end(self, tmp_path, digits):
        # With a dead classifier but for a bias every image gets one answer.
        folder = tmp_path / "start"
        folder.mkdir()
        state = {name: torch.zeros_like(value) for name, value in start(MLP, "init", 0).items()}
        save_file(state, folder / read.STATE)
        inputs = {"start": Done(folder)}
        end = do(run, tmp_path / "a", training(until=4, start="given", how=self.STILL), inputs=inputs)
        way = do(run, tmp_path / "b", training(until=3, start="given", how=self.STILL), inputs=inputs)
        assert (way.outcome, end.outcome) == ("ok", "chance")
        assert way.scalars["test_error"] == end.scalars["test_error"]


def test_the_data_set_is_loaded_once_and_makes_room_for_another(tmp_path):
    ctx = TestContext(tmp_path, neutral={RAW.digest: {"config": {"name": "digits"}, "root": None}})
    ctx.memory = {"other": 1}
    first = read.dataset(ctx, RAW)
    assert read.dataset(ctx, RAW) is first
    white = Part.of({"digest": RAW.value["digest"], "space": {"name": "zca", "eps": 0.1}})
    ctx.neutral[white.digest] = ctx.neutral[RAW.digest]
    assert read.dataset(ctx, white).space.name == "zca"
    assert [key for key in ctx.memory if key[0] == "dataset"] == [("dataset", white.digest, "cpu", "auto")]
    assert ctx.memory["other"] == 1


@pytest.mark.gpu
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_a_task_on_a_gpu_agrees_and_goes_on_bitwise(cuda, tmp_path, model):
    inputs = {"mask": masked(tmp_path / "mask", model)}
    params = training(model, how=LONG, until=40)
    here = do(run, tmp_path / "here", params, inputs=inputs)
    whole = do(run, tmp_path / "whole", params, inputs=inputs, device=cuda)
    assert whole.scalars["test_loss"] == pytest.approx(here.scalars["test_loss"], abs=0.02)
    assert whole.scalars["test_error"] == pytest.approx(here.scalars["test_error"], abs=0.02)
    ctx = TestContext(tmp_path / "cut", inputs, neutral(params), stop=lambda: True, device=cuda)
    with pytest.raises(Interrupted):
        run(ctx, params, SEEDS)
    cut = do(run, tmp_path / "cut", params, inputs=inputs, device=cuda)
    stored = do(run, tmp_path / "short", training(model, how=LONG, until=21), inputs=inputs, device=cuda)
    further = do(run, tmp_path / "further", params, inputs={**inputs, "continue": stored}, device=cuda)
    for again in (cut, further):
        assert files(again) == files(whole)
        assert again.scalars == whole.scalars


@pytest.mark.parametrize("precision", ["fp16", "tf32"])
def test_a_precision_of_gpus_is_an_error_on_a_cpu_that_says_what_to_do(tmp_path, precision):
    with pytest.raises(BlockedError, match=f"{precision} is computed on GPUs only") as caught:
        do(run, tmp_path, training(how=recipe(precision=precision)))
    assert "bf16" in caught.value.help


def test_bfloat16_and_mixed_images_train(tmp_path):
    augment = Augment(dsa="color_flip", dsa_style="idc", cutmix=0.5)
    how = recipe(
        precision="bf16", augment=augment, optimiser=AdamW(lr=0.01), schedule=Cosine(final=0.1, warmup=as_steps(2))
    )
    done = do(run, tmp_path / "new", training(how=how))
    plain = do(run, tmp_path / "plain", training())
    assert done.outcome in ("ok", "chance")
    assert done.scalars["test_loss"] != plain.scalars["test_loss"]
    assert files(do(run, tmp_path / "again", training(how=how))) == files(done)

"""Settings of "Linear Mode Connectivity in Sparse Neural Networks" and "On Synthetic Data and Iterative Magnitude Pruning"
as the papers and their released code state them, against what the specs' plans train."""

import math

import pytest
from papers_for_tests import papers

from lmcspec.plan.model_facts import from_document, take

planned = papers("distilled").planned
CASES = {
    "c10-conv3-1ipc": (318_848, 40),
    "c10-conv3-10ipc": (318_848, 400),
    "c10-conv3-50ipc": (318_848, 2_000),
    "c10-r10-10ipc": (1_226_080, 400),
    "c10-r18-10ipc": (2_792_800, 400),
    "c10-r18-wide-10ipc": (11_164_352, 400),
    "c100-r18-10ipc": (2_815_840, 4_000),
    "c100-r18-wide-10ipc": (11_164_352 + 90 * 512, 4_000),
    "in10-r10-10ipc": (4_905_152, 900),
    "in10-r10-20ipc": (4_905_152, 1_800),
}
"""Prunable weights, and distilled images when they are unpacked: four of a stored one, nine for ImageNet-10."""


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


def training(case: str, what: str = "train on syn"):
    """The first training of a case, on distilled images or on real ones: `train`."""
    plan = planned("overview")
    return plan.tasks[plan.roles[f"{case}/{'syn' if 'syn' in what else 'imp'}/s0/l0/{what}"]]


def recipe(task) -> dict:
    return task.params.recipe.value


@pytest.mark.parametrize("case", CASES)
def test_networks_have_the_papers_weights(case):
    """The ResNets of the released code are narrow on CIFAR; the usual one is a case of its own."""
    facts = from_document(take(training(case).params.model))
    assert sum(math.prod(shape) for _, shape in facts.prunable) == CASES[case][0]


@pytest.mark.parametrize("case", CASES)
def test_trainings_last_as_long_as_the_papers(case):
    """300 epochs on real and 1,000 on distilled images in batches of 64, the last one partial; a fifth of the rate after
    two thirds and five sixths of the epochs, rounded down."""
    images = 13_000 if case.startswith("in10") else 50_000
    for what, length, count in (("train", 300, images), ("train on syn", 1000, CASES[case][1])):
        task = training(case, what)
        epoch = math.ceil(count / 64)
        assert task.on_distilled == (length == 1000)
        assert (task.params.begin, task.params.until) == (0, length * epoch)
        found = recipe(task)
        assert (found["batch"], found["length"]) == (64, length * epoch)
        milestones = [length * 2 // 3 * epoch, length * 5 // 6 * epoch]
        assert found["schedule"] == {"milestones": milestones, "factor": 0.2, "warmup": 0}


def test_updates_of_an_epoch_worked_out():
    """50,000 images are 782 batches of 64, 400 are seven; so 7,000 updates stand beside 234,600."""
    real, distilled = training("c10-conv3-10ipc", "train"), training("c10-conv3-10ipc")
    assert (real.params.until, distilled.params.until) == (300 * 782, 1000 * 7) == (234_600, 7_000)
    assert recipe(real)["schedule"]["milestones"] == [200 * 782, 250 * 782]
    assert recipe(distilled)["schedule"]["milestones"] == [666 * 7, 833 * 7]


@pytest.mark.parametrize("case", CASES)
def test_real_and_distilled_images_are_trained_on_alike(case):
    """The same optimiser, augmentation and CutMix: on every second batch of CIFAR, on every batch of ImageNet-10."""
    real, distilled = recipe(training(case, "train")), recipe(training(case))
    assert real["optimiser"] == distilled["optimiser"]
    assert real["optimiser"] == {"name": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": False}
    assert real["augment"] == distilled["augment"]
    imagenet = case.startswith("in10")
    assert real["augment"]["cutmix"] == (1.0 if imagenet else 0.5)
    assert real["augment"].get("dsa", "") == ("" if imagenet else "color_crop_flip_rotate_scale")


def test_pixels_are_standardised_with_the_released_numbers():
    """CIFAR-100 with those of CIFAR-10, which are not the ones of the earlier paper's code."""
    for case in CASES:
        space = training(case).params.data.value["space"]
        imagenet = case.startswith("in10")
        assert tuple(space["mean"]) == ((0.485, 0.456, 0.406) if imagenet else (0.4914, 0.4822, 0.4465))
        assert tuple(space["std"]) == ((0.229, 0.224, 0.225) if imagenet else (0.2023, 0.1994, 0.2010))


@pytest.mark.parametrize(
    ("name", "sparsities"),
    [
        ("stability", {4: 0.590, 9: 0.866, 10: 0.893}),
        ("controls", {4: 0.590, 9: 0.866, 13: 0.945}),
        ("cifar100", {8: 0.832, 10: 0.893, 16: 0.972}),
        ("small/stability", {1: 0.590, 2: 0.832, 3: 0.931}),
        ("small/cifar100", {1: 0.590, 2: 0.832, 3: 0.931, 4: 0.972}),
    ],
)
def test_levels_have_the_papers_sparsities(name, sparsities):
    """60, 87 and 90 % are 4, 9 and 10 rounds of 20 %; one of 59.04 % is four of them."""
    for (_, network), levels in planned(name).levels.items():
        if network != "dense":
            assert {level: round(1 - levels[level].density, 3) for level in sparsities} == sparsities
            assert len(levels) == max(sparsities) + 1


@pytest.mark.parametrize("name", ["controls", "small/controls"])
def test_short_imp_has_as_many_updates_as_training_on_distilled_images(name):
    """With the drops at the same updates: nothing but the images is another."""
    plan = planned(name)
    place = "c10-conv3-10ipc/{}/s0/l0/{}"
    short = plan.tasks[plan.roles[place.format("short", "train by as-many")]]
    distilled = plan.tasks[plan.roles[place.format("syn", "train on syn")]]
    for network, ranked in (("short", short), ("syn", distilled)):
        mask = plan.tasks[plan.roles[f"c10-conv3-10ipc/{network}/s0/l1/mask"]]
        assert dict(mask.inputs)["state"] == ranked.id
    assert (short.on_distilled, distilled.on_distilled) == (False, True)
    assert short.params.until == distilled.params.until == (7_000 if name == "controls" else 400)
    assert recipe(short) == recipe(distilled)


@pytest.mark.parametrize("network", ["imp", "syn", "short", "init", "random", "imp-released", "syn-released"])
def test_only_networks_as_released_keep_biases_and_norms_of_the_training_before(network):
    plan = planned("controls")
    before = {"imp-released": "train", "syn-released": "train on syn"}.get(network)
    for level in (1, 2, 13):
        task = plan.tasks[plan.roles[f"c10-conv3-10ipc/{network}/s0/l{level}/train"]]
        last = plan.roles[f"c10-conv3-10ipc/{network}/s0/l{level - 1}/{before}"] if before else None
        assert task.params.restore == ("prunable" if before else "all")
        assert dict(task.inputs).get("last") == last


def test_each_replicate_has_an_initialisation_and_masks_of_its_own_which_methods_share():
    plan = planned("stability")
    masks = set()
    for replicate in range(3):
        for network, what in (("imp", "train"), ("syn", "train on syn")):
            place = f"c10-conv3-10ipc/{network}/s{replicate}"
            first = plan.tasks[plan.roles[f"{place}/l0/{what}"]]
            assert (first.params.start, dict(first.seeds)["replicate"]) == ("init", replicate)
            masks.add(plan.roles[f"{place}/l4/mask"])
    assert len(masks) == 3 * 2


def test_the_third_epoch_of_figure_7_is_one_of_the_dense_trainings_300():
    """And no training of three epochs, whose rate would have dropped."""
    plan = papers("").planned("fig7")
    state = dict(plan.tasks[plan.roles["imp-k3/s0/l5/train"]].inputs)["start"]
    assert plan.byproducts[state] == plan.roles["dense/s0/l0/train"]
    epoch = math.ceil(13_000 / 64)
    assert (plan.tasks[state].params.until, recipe(plan.tasks[state])["length"]) == (3 * epoch, 300 * epoch)

"""What hparams.log of OpenLTH says becomes settings: which, and what of it is damage or only a note."""

import re
from pathlib import Path

import pytest
from openlth_for_tests import LOG, Lenet, Resnet, Vgg

from lmcspec.report.openlth.architectures import recognised
from lmcspec.report.openlth.directory import DamagedDirectory
from lmcspec.report.openlth.settings import settings_of
from lmcspec.spec import load


def test_options_become_settings():
    lenet = recognised({name: tuple(value.shape) for name, value in Lenet().state_dict().items()})
    told = settings_of(LOG, lenet)
    assert told.dataset == {"name": "mnist"}
    assert told.model == {"name": "lenet-300-100", "init": "kaiming-normal"}
    assert told.recipe == {
        "length": "20it",
        "batch": 256,
        "optimiser": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
        "schedule": {"name": "steps", "at": ["14it"], "factor": 0.1},
    }
    assert told.pruning == {"fraction": 0.2, "exclude": ["classifier"], "fraction_of": "all"}
    assert told.notes == ()
    odd = settings_of(LOG.replace("batch_size => 256", "batch_size => 256\n    * blur_factor => 4"), lenet)
    assert odd.notes == ("`blur_factor = 4` has no counterpart here",)


@pytest.mark.parametrize(
    ("said", "optimiser"),
    [
        ("momentum => 0.9\n    * nesterov_momentum => 0.5", {"momentum": 0.9, "nesterov": True}),
        ("nesterov_momentum => 0.5", {"momentum": 0.5, "nesterov": True}),
        ("momentum => 0.0\n    * nesterov_momentum => 0.5", {"momentum": 0.5, "nesterov": True}),
        ("momentum => None\n    * weight_decay => None", {}),
        ("optimizer_name => adam\n    * momentum => 0.9\n    * nesterov_momentum => 0.5", {"name": "adam"}),
        ("optimizer_name => adam\n    * weight_decay => 0.1", {"name": "adam", "weight_decay": 0.1}),
    ],
)
def test_momentum_is_what_openlth_makes_of_its_options(said, optimiser):
    """`momentum or nesterov_momentum or 0` of its SGD, which is Nesterov's where that is above 0; none of its Adam."""
    lenet = recognised({name: tuple(value.shape) for name, value in Lenet().state_dict().items()})
    told = settings_of(LOG.replace("momentum => 0.9", said), lenet)
    assert told.recipe["optimiser"] == {"name": "sgd", "lr": 0.1} | optimiser
    assert told.notes == ()


@pytest.mark.parametrize(
    ("option", "value", "note"),
    [
        ("model_init", "xavier", "where the spec initialises anew it is kaiming-normal"),
        ("batchnorm_init", "ones\x1b", "where the spec initialises anew it is uniform"),
        ("pruning_strategy", "snip_layers", "the spec ranks all weights together by magnitude"),
        ("optimizer_name", "lamb", "see that the spec's optimiser is the same"),
        ("dataset_name", "svhn", "see that the spec's data are the same"),
        ("do_not_augment", "yes", "the spec augments images of CIFAR-10"),
    ],
)
def test_values_that_openlth_does_not_have_are_said(option, value, note):
    lenet = recognised({name: tuple(value.shape) for name, value in Lenet().state_dict().items()})
    log = re.sub(rf"\* {option} => .*", "", LOG) + f"\n    * {option} => {value}"
    (told,) = settings_of(log, lenet).notes
    assert told.startswith(f"`{option} = {value[:4]}") and told.endswith(note) and told.isprintable()


def test_layers_to_ignore_that_are_not_there_are_said():
    lenet = recognised({name: tuple(value.shape) for name, value in Lenet().state_dict().items()})
    told = settings_of(LOG.replace("=> fc.weight", "=> fc.weight,head.weight"), lenet)
    assert told.notes == ("`pruning_layers_to_ignore` names no layer of this network: head.weight",)
    assert told.pruning["exclude"] == ["classifier"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("batch_size => 256", "batch_size => inf", "'inf' where a number belongs"),
        ("batch_size => 256", "batch_size => 1.5", "'1.5' where a whole number belongs"),
        ("lr => 0.1", "lr => nan", "'nan' where a number belongs"),
        ("training_steps => 20it", "training_steps => 20", "'20' where a point in training belongs"),
        ("milestone_steps => 14it", "milestone_steps => 14it,x", "'x' where a point in training belongs"),
    ],
)
def test_values_that_mean_nothing_are_damage(before, after, says):
    lenet = recognised({name: tuple(value.shape) for name, value in Lenet().state_dict().items()})
    with pytest.raises(DamagedDirectory, match=re.escape(says)) as caught:
        settings_of(LOG.replace(before, after), lenet)
    assert caught.value.help


@pytest.mark.parametrize(
    ("network", "preset"), [(Lenet, "lenet-mnist"), (Resnet, "resnet-cifar10"), (lambda: Vgg(16), "vgg-cifar10")]
)
def test_without_options_they_are_the_defaults(network, preset):
    """Those of our presets, which were read in OpenLTH's code."""
    known = recognised({name: tuple(value.shape) for name, value in network().state_dict().items()})
    told = settings_of("", known)
    text = f"""
        study = "defaults"
        dataset = "digits"
        model = "lenet-300-100"
        recipes.real = "openlth/{preset}"
        recipes.told = {{ length = "{told.recipe["length"]}", batch = 1, optimiser = {{ name = "sgd", lr = 1.0 }} }}
        networks.dense = []
    """
    (case,) = load(Path("x.toml"), [f"recipes.told={_inline(told.recipe)}"], text=text).cases
    assert case.study.recipes["told"] == case.study.recipes["real"]
    assert told.pruning.get("exclude", []) == ([] if network is Resnet else ["classifier"])
    assert told.notes[0].startswith("there is no hparams.log")


def _inline(value):
    from lmcspec.spec.toml_text import inline

    return inline(value)

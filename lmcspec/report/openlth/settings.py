"""OpenLTH's hparams.log as parts of a spec: data, recipe, initialisation, and how the next levels are pruned."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from lmcspec.base.steps import parse_step
from lmcspec.base.visible import one_line
from lmcspec.report.openlth.architectures import Architecture
from lmcspec.report.openlth.directory import DamagedDirectory

_SETTING = re.compile(r"\s+\* (\w+) => (.*)")
_IMAGENET = {"name": "standardised", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
"""OpenLTH standardises CIFAR-10 with ImageNet's numbers."""
_INITS = {
    "kaiming_normal": "kaiming-normal",
    "kaiming_uniform": "kaiming-uniform",
    "binary": "binary",
    "orthogonal": "orthogonal",
}
_NORM_INITS = {
    "uniform": "uniform",
    "fixed": "ones",
    "oneone": "one-one",
    "positivenegative": "positive-negative",
}
_LAYERWISE = "sparse_layerwise"
_VALUES: Mapping[str, tuple[Collection[str], str]] = {
    "dataset_name": (("mnist", "cifar10", "imagenet"), "see that the spec's data are the same"),
    "do_not_augment": (("True", "False"), "the spec augments images of CIFAR-10"),
    "model_init": (_INITS, "where the spec initialises anew it is kaiming-normal"),
    "batchnorm_init": (_NORM_INITS, "where the spec initialises anew it is uniform"),
    "optimizer_name": (("sgd", "adam"), "see that the spec's optimiser is the same"),
    "pruning_strategy": (("sparse_global", _LAYERWISE), "the spec ranks all weights together by magnitude"),
}
"""Of options with a few values: these, and what becomes of another, of which nobody here knows what it meant."""
_KNOWN = {
    *("dataset_name", "batch_size", "do_not_augment", "model_name", "model_init", "batchnorm_init", "optimizer_name"),
    *("lr", "training_steps", "momentum", "nesterov_momentum", "milestone_steps", "gamma", "warmup_steps"),
    *("weight_decay", "pruning_strategy", "pruning_fraction", "pruning_layers_to_ignore"),
}
_SAYS_NOTHING = {"None", "False", "0.0", "", "1"}
"""Values with which an option that has no counterpart does nothing."""


class Settings(NamedTuple):
    """What of a spec the options of a lottery say."""

    dataset: dict[str, Any]
    model: dict[str, Any]
    recipe: dict[str, Any]
    pruning: dict[str, Any]
    """Keys of a stage, without how far it goes."""
    length: str
    """Of training, as it is written there: `160ep`."""
    notes: tuple[str, ...]
    """What of the options is not in here."""


def settings_of(log: str, architecture: Architecture) -> Settings:
    """The parts of a spec that a hparams.log says; the defaults of the architecture where there is none."""
    told, pretraining, notes = _told(log)
    coloured = architecture.normed
    dataset = told.get("dataset_name", "cifar10" if coloured else "mnist")
    decay = "1e-4" if coloured and not told else "0"
    length = _step(told.get("training_steps", "160ep" if coloured else "40ep"))
    recipe: dict[str, Any] = {
        "length": length,
        "batch": _whole(told.get("batch_size", "128")),
        "optimiser": _optimiser(told, coloured, _number(told.get("weight_decay", decay))),
        "schedule": _schedule(told, coloured),
    }
    if dataset.startswith("cifar") and told.get("do_not_augment", "False") != "True":
        recipe["augment"] = {"flip": True, "crop": 4}
    table: dict[str, Any] = {"name": dataset} | ({"space": _IMAGENET} if dataset.startswith("cifar") else {})
    model = dict(architecture.model) | {"init": _INITS.get(told.get("model_init", ""), "kaiming-normal")}
    if coloured:
        model["norm_init"] = _NORM_INITS.get(told.get("batchnorm_init", ""), "uniform")
    notes += _unknown(told, architecture)
    notes += [
        f"`{key} = {_quoted(value)}` has no counterpart here"
        for key, value in told.items()
        if key not in _KNOWN and value not in _SAYS_NOTHING
    ]
    if pretraining and any(told.get(key) != value for key, value in pretraining.items() if key != "training_steps"):
        notes.append("it was pretrained otherwise than it is trained: what that did is in the weights")
    return Settings(table, model, recipe, _pruning(told, architecture), length, tuple(notes))


def _told(log: str) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Options of the training and of a pretraining, by name; those that are None say nothing, and are left out."""
    told: dict[str, str] = {}
    pretraining: dict[str, str] = {}
    now = told
    for line in log.splitlines():
        if match := _SETTING.fullmatch(line):
            now |= {match[1]: match[2].strip()} if match[2].strip() != "None" else {}
        elif line.strip():
            now = pretraining if line.startswith("Pretraining") else told
    notes = (
        [] if told else ["there is no hparams.log: recipe and data are the defaults of OpenLTH for this architecture"]
    )
    return told, pretraining, notes


def _unknown(told: Mapping[str, str], architecture: Architecture) -> Iterator[str]:
    """What is said of values that are none of OpenLTH's."""
    for key, (values, then) in _VALUES.items():
        if key in told and told[key] not in values:
            yield f"`{key} = {_quoted(told[key])}` is none of OpenLTH's own: {then}"
    if unheard := [name for name in _ignored(told) if name not in architecture.names]:
        yield f"`pruning_layers_to_ignore` names no layer of this network: {_quoted(', '.join(unheard))}"


def _quoted(text: str) -> str:
    """As a comment of a spec may have it."""
    return one_line(text[:60])


def _optimiser(told: Mapping[str, str], coloured: bool, decay: float) -> dict[str, Any]:
    """OpenLTH's momentum is `momentum or nesterov_momentum`, and that of SGD alone."""
    name = told.get("optimizer_name", "sgd")
    settings: dict[str, Any] = {"name": name, "lr": _number(told.get("lr", "0.1"))}
    usual = "0.9" if coloured and not told else "0"
    momentum, nesterov = _number(told.get("momentum", usual)), _number(told.get("nesterov_momentum", "0"))
    if name == "sgd" and (momentum or nesterov):
        settings["momentum"] = momentum or nesterov
    if name == "sgd" and nesterov > 0:
        settings["nesterov"] = True
    return settings | ({"weight_decay": decay} if decay else {})


def _schedule(told: Mapping[str, str], coloured: bool) -> dict[str, Any]:
    milestones = told.get("milestone_steps", "80ep,120ep" if coloured and not told else "")
    steps = [_step(step.strip()) for step in milestones.split(",") if step.strip()]
    begin = _step(told.get("warmup_steps", "0it"))
    warmup = {} if begin == _step("0it") else {"warmup": begin}
    if not steps:
        return {"name": "constant", **warmup}
    return {"name": "steps", "at": steps, "factor": _number(told.get("gamma", "0.1")), **warmup}


def _pruning(told: Mapping[str, str], architecture: Architecture) -> dict[str, Any]:
    """OpenLTH's fraction is of all weights, and is taken from those that are not ignored."""
    usual = "fc.weight" if not told and "resnet" not in architecture.model["name"] else ""
    ignored = [name for name in _ignored(told, usual) if name in architecture.names]
    keys: dict[str, Any] = {"fraction": _number(told.get("pruning_fraction", "0.2"))}
    if told.get("pruning_strategy") == _LAYERWISE:
        keys["scope"] = "layer"
    if ignored:
        keys |= {
            "exclude": [architecture.names[name].removesuffix(".weight") for name in ignored],
            "fraction_of": "all",
        }
    return keys


def _ignored(told: Mapping[str, str], usual: str = "") -> list[str]:
    return [name for name in told.get("pruning_layers_to_ignore", usual).split(",") if name]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DamagedDirectory(f"hparams.log says {text[:40]!r} where a number belongs", help=_MEND)
    return value


def _whole(text: str) -> int:
    if not (value := _number(text)).is_integer():
        raise DamagedDirectory(f"hparams.log says {text[:40]!r} where a whole number belongs", help=_MEND)
    return int(value)


def _step(text: str) -> str:
    try:
        return str(parse_step(text))
    except ValueError:
        raise DamagedDirectory(
            f"hparams.log says {text[:40]!r} where a point in training belongs, as 160ep or 20000it", help=_MEND
        ) from None


_MEND = "put it right in level_0/main/hparams.log of the first replicate, or move that file away"

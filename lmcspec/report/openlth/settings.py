"""OpenLTH's hparams.log as parts of a spec: data, recipe, initialisation, and how the next levels are pruned."""

import re
from typing import Any, NamedTuple

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
    momentum, nesterov = (_number(told.get(key, "0")) for key in ("momentum", "nesterov_momentum"))
    if coloured and not told:
        momentum = 0.9
    length = told.get("training_steps", "160ep" if coloured else "40ep")
    recipe: dict[str, Any] = {
        "length": length,
        "batch": int(_number(told.get("batch_size", "128"))),
        "optimiser": _optimiser(told, momentum, nesterov, _number(told.get("weight_decay", decay))),
        "schedule": _schedule(told, coloured),
    }
    if dataset.startswith("cifar") and told.get("do_not_augment", "False") != "True":
        recipe["augment"] = {"flip": True, "crop": 4}
    table: dict[str, Any] = {"name": dataset} | ({"space": _IMAGENET} if dataset.startswith("cifar") else {})
    model = dict(architecture.model) | {"init": _INITS.get(told.get("model_init", ""), "kaiming-normal")}
    if coloured:
        model["norm_init"] = _NORM_INITS.get(told.get("batchnorm_init", ""), "uniform")
    notes += [
        f"`{key} = {value}` has no counterpart here"
        for key, value in told.items()
        if key not in _KNOWN and value not in _SAYS_NOTHING
    ]
    if pretraining and any(told.get(key) != value for key, value in pretraining.items() if key != "training_steps"):
        notes.append("it was pretrained otherwise than it is trained: what that did is in the weights")
    return Settings(table, model, recipe, _pruning(told, architecture), length, tuple(notes))


def _told(log: str) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Options of the training and of a pretraining, by name; what is in no section's form is said."""
    told: dict[str, str] = {}
    pretraining: dict[str, str] = {}
    now = told
    for line in log.splitlines():
        if match := _SETTING.fullmatch(line):
            now[match[1]] = match[2].strip()
        elif line.strip():
            now = pretraining if line.startswith("Pretraining") else told
    notes = (
        [] if told else ["there is no hparams.log: recipe and data are the defaults of OpenLTH for this architecture"]
    )
    return told, pretraining, notes


def _optimiser(told: dict[str, str], momentum: float, nesterov: float, decay: float) -> dict[str, Any]:
    name = told.get("optimizer_name", "sgd")
    settings: dict[str, Any] = {"name": name, "lr": _number(told.get("lr", "0.1"))}
    if name == "sgd" and (momentum or nesterov):
        settings["momentum"] = nesterov or momentum
    if nesterov:
        settings["nesterov"] = True
    return settings | ({"weight_decay": decay} if decay else {})


def _schedule(told: dict[str, str], coloured: bool) -> dict[str, Any]:
    milestones = told.get("milestone_steps", "80ep,120ep" if coloured and not told else "")
    steps = [step.strip() for step in milestones.split(",") if step.strip() not in ("", "None")]
    warmup = {} if told.get("warmup_steps", "None") == "None" else {"warmup": told["warmup_steps"]}
    if not steps:
        return {"name": "constant", **warmup}
    return {"name": "steps", "at": steps, "factor": _number(told.get("gamma", "0.1")), **warmup}


def _pruning(told: dict[str, str], architecture: Architecture) -> dict[str, Any]:
    """OpenLTH's fraction is of all weights, and is taken from those that are not ignored."""
    default = "fc.weight" if not told and "resnet" not in architecture.model["name"] else "None"
    ignored = [name for name in told.get("pruning_layers_to_ignore", default).split(",") if name in architecture.names]
    keys: dict[str, Any] = {"fraction": _number(told.get("pruning_fraction", "0.2"))}
    if told.get("pruning_strategy") == "sparse_layerwise":
        keys["scope"] = "layer"
    if ignored:
        keys |= {
            "exclude": [architecture.names[name].removesuffix(".weight") for name in ignored],
            "fraction_of": "all",
        }
    return keys


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DamagedDirectory(f"hparams.log says {text[:40]!r} where a number belongs") from None

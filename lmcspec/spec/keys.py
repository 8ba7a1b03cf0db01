"""Which key was most likely meant: by a typing error, by another code's name for it, or one table too high."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import BaseModel

from lmcspec.catalog import nearest
from lmcspec.spec import shape

OTHERS_SAY: dict[str, tuple[str, ...]] = {
    "accuracy_threshold": ("threshold",),
    "augmentation": ("augment",),
    "batch_size": ("batch",),
    "batchsize": ("batch",),
    "beta": ("betas",),
    "data_augmentation": ("augment",),
    "data_dir": ("root",),
    "data_path": ("root",),
    "data_root": ("root",),
    "dataset_name": ("dataset", "name"),
    "decay": ("weight_decay", "factor"),
    "dir": ("root",),
    "epochs": ("length",),
    "factor_lr": ("factor",),
    "folder": ("root",),
    "gamma": ("factor",),
    "horizontal_flip": ("flip",),
    "images_per_class": ("ipc",),
    "iterations": ("length", "rounds"),
    "iters": ("length", "iterations"),
    "kind": ("method", "name"),
    "l2": ("weight_decay",),
    "learning_rate": ("lr",),
    "levels": ("rounds",),
    "lr_schedule": ("schedule",),
    "max_epochs": ("length",),
    "method": ("criterion", "kind", "name"),
    "metrics": ("measures",),
    "milestone_steps": ("at",),
    "milestones": ("at",),
    "model_name": ("model", "name"),
    "nesterov_momentum": ("nesterov",),
    "normalise": ("space",),
    "normalize": ("space",),
    "num_epochs": ("length",),
    "num_rounds": ("rounds",),
    "optim": ("optimiser",),
    "path": ("root", "load"),
    "plots": ("figures",),
    "prune_fraction": ("fraction",),
    "pruning_fraction": ("fraction",),
    "pruning_layers_to_ignore": ("exclude",),
    "pruning_strategy": ("criterion",),
    "random_seeds": ("replicates",),
    "repeats": ("replicates",),
    "rewind_step": ("rewind",),
    "rewind_to": ("rewind",),
    "rewinding_steps": ("rewind",),
    "runs": ("replicates",),
    "scheduler": ("schedule",),
    "seed": ("replicates",),
    "seeds": ("replicates",),
    "steps": ("length", "at"),
    "training": ("recipes",),
    "training_steps": ("length",),
    "type": ("name", "method", "kind"),
    "warmup_epochs": ("warmup",),
    "warmup_steps": ("warmup",),
    "wd": ("weight_decay",),
    "width": ("widths",),
}
"""What other codes and papers call a key; a name here is offered only where the table takes it."""


def likely(name: str, known: Sequence[str], model: type[BaseModel] | None = None) -> str | None:
    """The key of `known`, or of a table in `model`, that `name` stands for; None where nothing is near."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    for other in (plain, *OTHERS_SAY.get(plain, ())):
        if other in known and other != name:
            return other
    near = _deeper((plain, *OTHERS_SAY.get(plain, ())), model) if model is not None and plain in OTHERS_SAY else None
    near = near or nearest(plain, list(known))
    return near or (_deeper((name, plain), model) if model is not None else None)


def _deeper(names: Collection[str], model: type[BaseModel]) -> str | None:
    """`optimiser.lr` for an `lr` that stands one table too high."""
    for name in names:
        for key, field in model.model_fields.items():
            for _, member in shape.union_members(shape.annotation_of(field))[0]:
                inner: Any = shape.bare(member)
                if shape.is_model(inner) and name in inner.model_fields:
                    return f"{key}.{name}"
    return None


def of_the_study(path: tuple[str | int, ...]) -> str:
    """What to do with a key of the spec itself that stands in one of its tables; an empty string for another."""
    from lmcspec.spec.study import Study

    name = path[-1]
    if len(path) < 2 or name not in Study.model_fields:
        return ""
    return f"`{name}` is a key of the spec itself: it stands above the first table in brackets, in YAML at the margin"

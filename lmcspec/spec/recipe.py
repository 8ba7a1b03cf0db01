"""How a recipe is written: lengths and milestones as steps, one table per concern."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog import Config, Optimiser, Schedule, StepField
from lmcspec.catalog.augmentation import Augment


class Recipe(Config):
    """How to train. A preset is extended with `extends = "name"`; a bare string is the preset itself."""

    length: StepField = Field(examples=["160ep", "24000it"])
    """The whole training, to which the schedule belongs."""
    batch: int = Field(ge=1, examples=[128])
    """Images per update; the last, partial batch of an epoch is kept. [images]"""
    optimiser: Optimiser = Field(examples=[{"name": "sgd", "lr": 0.1, "momentum": 0.9}])
    """By what weights are updated, with its learning rate."""
    schedule: Schedule = Field(examples=["cosine", {"name": "steps", "at": ["80ep", "120ep"]}])
    """By what the learning rate is multiplied in the course of training."""
    augment: Augment = Field(default=Augment(), examples=[{"flip": True, "crop": 4}])
    """Random changes of the training images, drawn afresh each epoch."""
    optimiser_state: Literal["fresh", "carry"] = "fresh"
    """At a branch (rewinding, copies): start the optimiser's state anew, or take it along."""
    learned_rate: bool = False
    """On a set that was distilled together with a rate (MTT): train at that rate, whatever `optimiser` says."""
    precision: Literal["float32", "bf16", "fp16", "tf32"] = "float32"
    """In what updates are computed; weights stay float32, and so do evaluations. `fp16` and `tf32` need a GPU."""

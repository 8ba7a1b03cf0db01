"""What tracking shows of parameters that several kinds of task have."""

from typing import Any

from lmcspec.tasks.params import Part


def rate_and_batch(recipe: Part) -> dict[str, Any]:
    """The rate and the batch of a recipe, by which trainings are compared first."""
    return {"recipe.lr": recipe.value["optimiser"]["lr"], "recipe.batch": recipe.value["batch"]}

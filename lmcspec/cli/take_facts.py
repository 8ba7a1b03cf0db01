"""What only a model's facts tell, looked up before anything runs: by `run` itself, and by `plan --facts`."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.store import Store
    from lmcspec.tasks import Part


def take_facts(spec: Path, sets: list[str], store: "Store", *, everything: bool = True) -> int:
    """Take the facts of a study's models that are not known yet; of how many.

    Without `everything` only where the study may turn out to be none: it excludes layers, or hardly prunes.
    """
    from lmcspec.plan.material import models_of
    from lmcspec.spec import load

    return _take(models_of(load(spec, sets), everything=everything), store)


def check_saved(plan: "Plan", store: "Store") -> None:
    """Raise StoreError where a saved plan excludes layers that its model does not have."""
    from lmcspec.base.errors import StoreError
    from lmcspec.plan.integrity import AGAIN
    from lmcspec.plan.model_facts import known_facts

    naming = [(task, task.layers) for task in plan.tasks.values() if task.layers]
    _take([task.params.model for task, _ in naming], store)
    for task, named in naming:
        facts = known_facts(task.params.model, store.root / "facts")
        layers = [name.removesuffix(".weight") for name, _ in facts.sizes] if facts is not None else None
        absent = [one for one in named if layers is not None and one not in layers]
        if layers is not None and absent:
            message = f"{task.label} excludes {absent[0]!r}, and the model's layers are {', '.join(layers)}"
            raise StoreError(message, help=AGAIN)


def _take(models: "list[Part]", store: "Store") -> int:
    from lmcspec.cli.output import say
    from lmcspec.engine.model_facts import take_first, unknown_models

    if unknown := unknown_models(models, store):
        names = ", ".join(dict.fromkeys(part.value["config"]["name"] for part in unknown))
        say(f"the shapes of {names} are not known yet: taking them first")
    return take_first(models, store)

"""Facts of models that nobody has taken yet, taken in a process of their own before anything runs."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.surroundings import module_path, worker_environment
from lmcspec.plan import Plan
from lmcspec.plan.gather import models_of
from lmcspec.plan.integrity import AGAIN
from lmcspec.plan.model_facts import known_facts, take
from lmcspec.spec import Loaded
from lmcspec.store import Store, remember
from lmcspec.tasks import Part

LONGEST = 300.0
"""Seconds for building all models on the meta device; importing torch takes most of it."""

Say = Callable[[str], None]


def silent(line: str) -> None:
    """Let the line go unsaid."""


def take_facts(loaded: Loaded, store: Store, *, everything: bool = True, say: Say = silent) -> int:
    """Take the facts of a study's models that are not known yet; of how many.

    Without `everything` only where the study may turn out to be none: it excludes layers, or hardly prunes.
    """
    return take_first(models_of(loaded, everything=everything), store, say)


def check_saved(plan: Plan, store: Store, say: Say = silent) -> None:
    """Raise StoreError where a saved plan excludes layers that its model does not have; takes facts to know."""
    excluding = [(task, task.layers) for task in plan.tasks.values() if task.layers]
    take_first([task.params.model for task, _ in excluding], store, say)
    for task, excluded in excluding:
        facts = known_facts(task.params.model, store.root / "facts")
        if facts is None:
            continue
        layers = [name.removesuffix(".weight") for name, _ in facts.sizes]
        absent = [layer for layer in excluded if layer not in layers]
        if absent:
            message = f"{task.label} excludes {absent[0]!r}, and the model's layers are {', '.join(layers)}"
            raise StoreError(message, help=AGAIN)


def unknown_models(models: Iterable[Part], store: Store) -> list[Part]:
    """The models of which neither the catalog nor the store has facts."""
    every = {part.digest: part for part in models}.values()
    return [part for part in every if known_facts(part, store.root / "facts") is None]


def take_first(models: Iterable[Part], store: Store, say: Say = silent) -> int:
    """Take the facts that are unknown and leave them in the store; of how many models. `say` hears that it begins.

    Raises UsageError for a model that can't be trained in its study. Where the process that tries models comes to
    nothing they stay unknown, and the tasks say what is wrong.
    """
    wanted = unknown_models(models, store)
    if not wanted:
        return 0
    names = ", ".join(dict.fromkeys(part.value["config"]["name"] for part in wanted))
    say(f"the shapes of {names} are not known yet: taking them first")
    begin = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    command = [sys.executable, "-P", "-c", begin + "from lmcspec.engine.model_facts import answer; answer()"]
    asked = json.dumps([part.value for part in wanted])
    try:
        child = subprocess.run(
            [*command, json.dumps(module_path())],
            input=asked,
            env=worker_environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=LONGEST,
        )
        answers = json.loads(child.stdout.rpartition("\n")[2])
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return 0
    for part, answered in zip(wanted, answers, strict=True):
        if "facts" in answered:
            remember(store, part.digest, answered["facts"])
    for part, answered in zip(wanted, answers, strict=True):
        if "problem" in answered:
            name = part.value["config"]["name"]
            raise UsageError(f"model {name!r}: {answered['problem']}", help=answered["help"])
    return len(wanted)


def answer() -> None:
    """In the child: read models from stdin, write what is found on the last line of stdout."""
    answers = [_facts(value) for value in json.load(sys.stdin)]
    sys.stdout.write("\n" + json.dumps(answers))


def _facts(value: dict[str, Any]) -> dict[str, Any]:
    """`facts` of a model that works, or the `problem` and the `help` of one that doesn't."""
    from lmcspec.science.models.suited import ModelError
    from lmcspec.science.models.trial import built_without_values, tried
    from lmcspec.science.summary import model_facts
    from lmcspec.tasks import read

    part, shape = Part.of(value), tuple(value["shape"])
    try:
        module = tried(lambda: read.module(part), shape, value["classes"])
        built_without_values(lambda: read.module(part, "meta"))
    except ModelError as error:
        return {"problem": str(error), "help": error.help}
    try:
        return {"facts": take(part)}
    except Exception:  # noqa: BLE001 (a `forward` of somebody's that looks at values, which meta tensors lack)
        return {"facts": asdict(model_facts(module, shape))}

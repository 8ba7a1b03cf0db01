"""Facts of models that nobody has taken yet, taken in a process of their own before anything runs."""

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from lmcspec.base.surroundings import module_path, worker_environment
from lmcspec.plan.model_facts import known_facts, take
from lmcspec.store import Store, remember
from lmcspec.tasks import Part

LONGEST = 300.0
"""Seconds for building all models on the meta device; importing torch takes most of it."""


def unknown_models(models: Iterable[Part], store: Store) -> list[Part]:
    """Those of the models of which neither the catalog nor the store has facts."""
    every = {part.digest: part for part in models}.values()
    return [part for part in every if known_facts(part, store.root / "facts") is None]


def take_first(models: Iterable[Part], store: Store) -> int:
    """Take the facts that are unknown and leave them in the store; of how many models.

    A model that can't be built stays unknown: the task that builds it says what is wrong with it.
    """
    wanted = unknown_models(models, store)
    if not wanted:
        return 0
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
        found = json.loads(child.stdout.rpartition("\n")[2])
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return 0
    taken = [(part, facts) for part, facts in zip(wanted, found, strict=True) if facts is not None]
    for part, facts in taken:
        remember(store, part.digest, facts)
    return len(taken)


def answer() -> None:
    """In the child: read models from stdin, write their facts on the last line of stdout, None for one that fails."""
    found = [_facts(value) for value in json.load(sys.stdin)]
    sys.stdout.write("\n" + json.dumps(found))


def _facts(value: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return take(Part.of(value))
    except Exception:  # noqa: BLE001 (somebody's model)
        return None

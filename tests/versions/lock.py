"""The lock: for each kind of task its version, the text of its sources, and what its golden tasks gave.

A task's id holds its kind's version, its parameters and those of all that went before. So the contract is: the same
id, the same numbers. A golden task whose id is another, because a version was raised, may give others.
"""

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmcspec.tasks import kind, kinds
from tests.versions.closure import reached, source
from tests.versions.compare import moved

FILE = Path(__file__).with_name("lock.json")
COMMAND = "uv run python -m tests.versions.accept"

Lock = dict[str, dict[str, Any]]
"""Kind to {version, sources, golden}."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a kind can't be locked as it is."""

    kind: str
    why: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.kind}: {self.why}", *(f"    {line}" for line in self.lines)])


def read(file: Path = FILE) -> Lock:
    """The committed lock; empty where there is none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write(lock: Lock, file: Path = FILE) -> None:
    """Commit to it."""
    file.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def current(golden: Mapping[str, Mapping[str, Any]]) -> Lock:
    """The lock of the code as it is, with these golden values."""
    return {name: {"version": kind(name).version, "sources": hashes(name), "golden": golden[name]} for name in kinds()}


def hashes(name: str) -> dict[str, str]:
    """sha256 of the text of each module that a kind computes with."""
    return {module: text_hash(source(module)) for module in sorted(reached(name))}


def text_hash(file: Path) -> str:
    """sha256 of a text file, the same for every way to end a line."""
    return hashlib.sha256(file.read_text(encoding="utf-8").encode()).hexdigest()


def refusals(old: Lock, new: Lock) -> list[Refusal]:
    """What stands against replacing the old lock by the new one.

    Numbers that moved because an input's did are not held against a kind: the kind that moved first is named alone.
    """
    both = [name for name in new if name in old]
    strayed = {task for name in both for task in _strayed(old[name], new[name])}
    return [refusal for name in both if (refusal := _refusal(name, old[name], new[name], strayed))]


def _refusal(name: str, old: Mapping[str, Any], new: Mapping[str, Any], strayed: Set[str]) -> Refusal | None:
    if new["version"] < old["version"]:
        return Refusal(name, f"version {new['version']} is below the locked {old['version']}")
    if new["version"] > old["version"]:
        return None
    raised = f"raise the version in lmcspec/tasks/{name}.py"
    if lines := changes(old, new, strayed):
        return Refusal(name, f"these values moved under version {old['version']}; {raised}", tuple(lines))
    if old["sources"] != new["sources"] and (unseen := old["golden"].keys() - new["golden"].keys()):
        why = (
            "its sources changed, and whether it still computes the same can't be seen: these golden tasks are no "
            f"more. Change studies and sources one after the other, or {raised}"
        )
        return Refusal(name, why, tuple(sorted(old["golden"][task]["label"] for task in unseen)))
    return None


def changes(old: Mapping[str, Any], new: Mapping[str, Any], strayed: Set[str] = frozenset()) -> list[str]:
    """The numbers that moved in golden tasks of one id, leaving out those with an input among `strayed`."""
    return [
        f"{old['golden'][task]['label']}: {line}"
        for task, lines in _strayed(old, new).items()
        if not strayed.intersection(old["golden"][task]["inputs"])
        for line in lines
    ]


def _strayed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[str]]:
    """The tasks that gave other numbers under the same id, and which."""
    shared = [task for task in old["golden"] if task in new["golden"]]
    found = {task: moved(old["golden"][task], new["golden"][task]) for task in shared}
    return {task: lines for task, lines in found.items() if lines}

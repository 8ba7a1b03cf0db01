"""What is said of exported tensors: in the file's own header, and on a page beside it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lmcspec.base.visible import one_line
from lmcspec.plan.explain import TaskExplanation
from lmcspec.spec.explain import leaves, shown
from lmcspec.spec.paths import dotted
from lmcspec.store.layout import spelled
from lmcspec.version import __version__

WORDS = {
    "network": "the weights of a network",
    "state": "the weights with which a network starts",
    "mask": "a mask",
    "permutation": "a permutation of units",
}

_OF_STATES = """from safetensors.torch import load_file
state = load_file("{file}")
network.load_state_dict(state)  # of the parameters and buffers below"""
LOADING = {
    "network": _OF_STATES,
    "state": _OF_STATES,
    "mask": """from safetensors.torch import load_file
mask = load_file("{file}")
network.load_state_dict({{name: value * mask.get(name, True) for name, value in network.state_dict().items()}})""",
    "permutation": """from lmcspec.science.permute import algebra, permutation_file, tracing
groups = tracing.groups_of(network, {shape})  # the groups of units below
moved = algebra.apply(groups, permutation_file.load("{file}", groups), network.state_dict())""",
}
"""Three lines of Python for each that a task makes; `network` is a torch.nn.Module of the model."""


class TensorsCard(NamedTuple):
    """Where tensors come from."""

    study: str
    makes: str
    """A network, a mask or a permutation."""
    task: TaskExplanation
    digest: str
    """sha256 of the file as it lies in the store, which is what the tensors are without the header's notes."""
    data: Mapping[str, Any] | None
    """What the data are called, and their digest."""
    scalars: Mapping[str, Any]
    outcome: str
    density: float | None
    """The share of prunable weights that survive; None where nothing was pruned, or it is no question."""
    tensors: Mapping[str, tuple[str, tuple[int, ...]]]
    """Type and shape by name."""

    @property
    def facts(self) -> dict[str, Any]:
        """What it says of where they come from, as plain data."""
        return {
            "what": WORDS[self.makes],
            "study": self.study,
            "label": self.task.label,
            "task": self.task.id,
            "kind": self.task.kind,
            "version": self.task.version,
            "sha256": self.digest,
            "data": self.data,
            "density": self.density,
            "outcome": self.outcome,
            "scalars": dict(self.scalars),
            "seeds": dict(self.task.seeds),
            "inputs": {source.name: {"task": source.id, "label": source.label} for source in self.task.inputs},
            "params": dict(self.task.params),
            "lmcspec": __version__,
        }

    @property
    def header(self) -> dict[str, str]:
        """The notes in the file's header, where each is a text: what is no text is spelled as JSON."""
        notes = {name: value for name, value in self.facts.items() if value is not None}
        told = {
            name: value if isinstance(value, str) else json.dumps(spelled(value), sort_keys=True)
            for name, value in notes.items()
        }
        return {"format": "pt", **told}

    def page(self, file: str) -> str:
        """The page beside the file, in Markdown."""
        return "\n".join(_page(self, file)) + "\n"


def _page(card: TensorsCard, file: str) -> Iterator[str]:
    what, task = WORDS[card.makes], card.task
    yield f"# {_cell(task.label)}"
    yield f"\n{what[0].upper()}{what[1:]}, made in the study {_cell(card.study)} by lmcspec {__version__}.\n"
    yield "| | |\n|---|---|"
    rows = [
        ("task", f"`{task.id}`, {task.kind}, version {task.version}"),
        ("digest", f"`sha256:{card.digest}`, of the tensors as lmcspec's store has them"),
        ("data", "none" if card.data is None else f"{_cell(card.data['name'])}, `{card.data['digest']}`"),
        ("sparsity", "dense" if card.density is None else f"{1 - card.density:.2%} of prunable weights are gone"),
        ("outcome", card.outcome),
        ("draws", ", ".join(f"{name} {value}" for name, value in task.seeds.items()) or "none"),
        *((f"input `{source.name}`", f"{_cell(source.label)}, `{source.id}`") for source in task.inputs),
    ]
    yield from (f"| {name} | {value} |" for name, value in rows if name != "sparsity" or card.makes != "permutation")
    shape = tuple(task.params["model"]["shape"])
    loading = LOADING[card.makes].format(file=file.replace("\\", "\\\\").replace('"', '\\"'), shape=shape)
    yield f"\n## How to load it\n\n```python\n{loading}\n```"
    yield "\n## How it was made\n\n| setting | value |\n|---|---|"
    for path, value in leaves(task.params):
        if value is not None:
            yield f"| {_cell(dotted(path))} | {_cell(shown(value))} |"
    yield "\n## Tensors\n\n| name | type | shape |\n|---|---|---|"
    yield from (f"| {_cell(name)} | {kind} | {list(shape)} |" for name, (kind, shape) in card.tensors.items())


def _cell(text: str) -> str:
    """Text in a cell of a table, with no sign left that Markdown would take for its own."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#" else sign for sign in one_line(text))

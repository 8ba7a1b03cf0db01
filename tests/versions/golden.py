"""The golden run: tiny studies on digits through the real engine, and the numbers that each of their tasks leaves.

Together the studies lead every kind of task through every branch that a change of code could move.
"""

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lmcspec.catalog import built_in
from lmcspec.engine.execute import execute
from lmcspec.plan import Plan, compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec.tasks import Task
from lmcspec_runners.inline import InlineRunner
from tests.cards_for_tests import required, unmeasured
from tests.versions.golden_studies import REMAINING, STUDIES

Values = dict[str, Any]
"""{label, inputs, outcome, scalars, tensors}: what one task left. `tensors`: "file/name" to [sum, L2 norm]."""
Golden = dict[str, dict[str, Values]]
"""Kind to task id to values."""


def plans() -> list[Plan]:
    """The studies compiled."""
    return [compile_study(load(Path("golden.toml"), [], text=text)) for text in studies()]


def studies() -> list[str]:
    """The texts of all studies."""
    criteria = [name for name in built_in("criterion") if not any(f'"{name}"' in text for text in STUDIES)]
    # Magnitude is what a stage prunes by unless told: it is in every study, and named in none.
    networks = [
        f'{name} = [{{ rounds = 1, fraction = 0.3, criterion = "{name}" }}]\n'
        for name in criteria
        if name != "magnitude"
    ]
    methods = [card for name, card in built_in("distiller").items() if not any(f'"{name}"' in text for text in STUDIES)]
    networks += [f'{card.name} = [{{ data = "{card.name}", rounds = 1 }}]\n' for card in methods]
    if methods:
        networks += ['[recipes.distilled]\nextends = "real"\nbatch = 4\n[distilled]\n', *map(_few_steps, methods)]
    measures = unmeasured('["dense", "last"]', *STUDIES)
    if not networks and not measures:
        return list(STUDIES)
    return [*STUDIES, f"{REMAINING}{''.join(networks)}[measures]\nmasks = {{ levels = [1] }}\n{measures}"]


def _few_steps(card: Any) -> str:
    """A distilled set of a method, with what it must be told and as few steps as the usual keys can say."""
    few = {key: value for key, value in {"iterations": 1, "batch": 10}.items() if key in card.config.model_fields}
    told = {"method": card.name, **required(card), **few}
    keys = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    network = ['model = { name = "convnet", depth = 1, width = 4 }'] if card.convolutions else []
    return f"{card.name} = {{ {', '.join([*keys, *network])} }}\n"


def run() -> Golden:
    """Run all studies in a store that is thrown away."""
    found: Golden = {}
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store")
        for plan in plans():
            summary = execute(outlook(plan, store), store, InlineRunner())
            if summary.failed:
                raise RuntimeError(f"{plan.study}: {summary.failed}")
            for identifier, task in plan.tasks.items():
                found.setdefault(task.kind, {})[identifier] = _values(plan.study, task, store)
    return found


def _values(study: str, task: Task, store: Store) -> Values:
    label, inputs = f"{study}: {task.label}", sorted({identifier for _, identifier in task.inputs})
    stored = store.find(task.id)
    assert stored is not None, label
    files = sorted(stored.out.glob("*.safetensors"))
    tensors = {f"{file.stem}/{name}": sums for file in files for name, sums in _sums(file).items()}
    # A value on the edge of a histogram's bin may fall to either side of it: the values themselves are among the tensors.
    scalars = {name: value for name, value in stored.scalars.items() if name != "histogram"}
    made = {"outcome": stored.outcome, "scalars": scalars, "tensors": tensors}
    return {"label": label, "inputs": inputs, **made}


def _sums(file: Path) -> dict[str, list[float]]:
    from safetensors.torch import load_file

    wide = {name: tensor.double() for name, tensor in sorted(load_file(file).items())}
    return {name: [float(tensor.sum()), math.sqrt(float(tensor.square().sum()))] for name, tensor in wide.items()}

"""Plans from text, and results that are made up: a number per target, by where it stands in the study."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import specs_for_tests

from lmcspec.catalog import Metric, built_in
from lmcspec.plan import Plan, Target
from lmcspec.report.tidy import Row

BASE = """
study = "made-up"
replicates = 3
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "10ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
"""


def plan_of(text: str) -> Plan:
    return specs_for_tests.plan_of(BASE + text)


@dataclass(frozen=True)
class Result:
    scalars: dict[str, Any]
    outcome: str = "ok"


@dataclass
class Results:
    """What a store gives."""

    found: dict[str, Result] = field(default_factory=dict)

    def find(self, identifier: str) -> Result | None:
        return self.found.get(identifier)


def made_up(plan: Plan, value: Callable[[Target], float | str | None]) -> Results:
    """For each target a test error or instability; None where it is missing, an outcome where it collapsed."""
    results = Results()
    for target in plan.targets:
        number = value(target)
        if number is None:
            continue
        outcome, number = (number, 0.9) if isinstance(number, str) else ("ok", number)
        made = accuracy(number) if target.kind in ("accuracy", "set-accuracy") else paths(number)
        results.found[target.task] = Result(made, outcome)
        if target.mask:
            density = next(
                level.density for level in plan.levels[target.case, target.network] if level.number == target.level
            )
            results.found[target.mask] = Result({"density": density})
    return results


def accuracy(error: float) -> dict[str, Any]:
    return {"test_error": error, "test_loss": 10 * error, "train_error": error / 2, "train_loss": 5 * error}


def paths(instability: float, recompute: float | None = None) -> dict[str, Any]:
    policies = {"average": instability, "recompute": instability if recompute is None else recompute}
    return {
        "distance": 2.0,
        "alphas": [0.0, 0.5, 1.0],
        "paths": {
            policy: {"test_error": [0.1, 0.2, 0.1], "summary": {"instability/test": own, "barrier/test": own / 2}}
            for policy, own in policies.items()
        },
    }


def row(value: float | None, **changes: Any) -> Row:
    """One row, an accuracy of `imp` at level 1 unless told."""
    values = {
        "case": "",
        "network": "imp",
        "level": 1,
        "replicate": 0,
        "measure": "accuracy",
        "metric": "test/accuracy",
        "sparsity": 0.2,
        "density": 0.8,
        "n": 1,
        "task": "t",
        "outcome": "ok",
        "headline": True,
    }
    values |= changes
    return Row(value=value, **values | {"metric": metric(values["metric"], values["measure"])})


def metric(name: str, measure: str = "") -> Metric:
    """The metric of that name, of this kind of measure or of the first that has it."""
    cards = built_in("measure")
    chosen = [cards[measure]] if measure in cards else cards.values()
    return next(found for card in chosen if (found := card.metrics.called(name)))


def value(target) -> float:
    """A number that tells tasks apart: of what is one task it is the same."""
    return int(target.task[:4], 16) / 2**18


def path_result(target, distance: float = 1.0, loss: float | None = None) -> Result:
    """That of a path on which all errors rise by `value`, and the test loss by `loss`."""
    summary = {f"{what}/{split}": value(target) for what in ("instability", "barrier") for split in ("test", "train")}
    summary |= {} if loss is None else {"barrier/test-loss": loss}
    return Result({"paths": {"average": {"summary": summary}}, "distance": distance, "images": {}})

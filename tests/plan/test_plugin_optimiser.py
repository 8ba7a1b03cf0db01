"""A package brings an optimiser and a schedule: they run under the laws of the built-in ones, and their code is in ids."""

import pytest
import torch
from plugin_for_tests import STUDY
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.catalog import get
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.recipe import Recipe, as_document, from_document
from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec.store.attempts import failed_attempts
from lmcspec_runners.inline import InlineRunner

CARD = """
from lmcspec.base.steps import Step
from lmcspec.catalog import Optimiser, OptimiserCard, Schedule, ScheduleCard, StepField

class Signum(Optimiser):
    name: Literal["signum"] = "signum"
    momentum: float = Field(default=0.5, ge=0, lt=1)
    thaw: StepField = Step()

class Triangle(Schedule):
    name: Literal["triangle"] = "triangle"
    top: StepField

    def multiplier(self, update, length):
        top = self.top.updates
        return update / top if update < top else (length - update) / (length - top)

CARDS = (*CARDS, OptimiserCard(name="signum", doc="x", config=Signum, implementation="ownplug.steps:Signum", moments=1),
         ScheduleCard(name="triangle", doc="x", config=Triangle))
"""
STEPS = """
import torch

class Signum:
    def __init__(self, config, names, parameters):
        self._config, self._parameters = config, list(parameters)
        self.moments = {f"mean/{name}": torch.zeros_like(p) for name, p in zip(names, parameters)}

    def step(self, gradients, lr):
        for parameter, mean, gradient in zip(self._parameters, self.moments.values(), gradients):
            mean.lerp_(gradient, 1 - self._config.momentum)
            parameter.sub_(mean.sign() * lr)

    def state(self):
        return dict(self.moments)

    def load(self, state):
        for name, tensor in self.moments.items():
            tensor.copy_(state[name])
"""
FILES = {"steps.py": STEPS}
OWN = STUDY.replace(
    'optimiser = { name = "sgd", lr = 0.1 }',
    'optimiser = { name = "signum", lr = 0.1 }\nschedule = { name = "triangle", top = "1it" }',
)
TWO_RATES = """
from typing import Annotated
from pydantic import PlainValidator

class Signum(Signum):
    lr: Annotated[tuple, PlainValidator(lambda lr: (0.1, 0.2))]
"""


def test_a_study_runs_with_them_and_again_when_they_are_edited(plugin, tmp_path):
    store = Store.open(tmp_path / "store")
    first = outlook(plan_of(OWN), store)
    assert not execute(first, store, InlineRunner()).failed
    trainings = {task for task in first.plan.tasks.values() if task.kind == "train"}
    documents = [task.params.recipe.value for task in trainings]
    assert all(one["optimiser"]["name"] == "signum" and one["schedule"]["top"] == 1 for one in documents)
    assert outlook(plan_of(OWN), store).diff.nothing_to_do
    for file, old, new, named in (
        ("steps.py", "* lr", "* lr * 2", "signum"),
        ("cards.py", "update / top", "0.5 * update / top", "triangle"),
    ):
        plugin.edit(file, old, new)
        view = outlook(plan_of(OWN), store)
        changes = {str(change) for reason in view.reasons.values() for change in reason.changes}
        assert any(f"code of `{named}`" in change for change in changes), changes
        assert {task.id for task in trainings} & set(view.plan.tasks) == set()
        assert not execute(view, store, InlineRunner()).failed


def test_one_that_moves_pruned_weights_fails_by_name(plugin, tmp_path):
    plugin.edit("steps.py", "parameter.sub_(mean.sign() * lr)", "parameter.sub_(mean.sign() * lr + lr)")
    store = Store.open(tmp_path / "store")
    summary = execute(outlook(plan_of(OWN), store), store, InlineRunner())
    found = [failure.document for task in summary.failed for failure in failed_attempts(store, task)]
    assert {failure["reason"] for failure in found} == {"user"}
    assert found[0]["message"].startswith(
        "the optimiser 'signum' of ownplug moves what is pruned: after its first step"
    )


@pytest.mark.parametrize(
    "kept",
    ["self.t = getattr(self, 't', 0) + 1\n        lr = lr / self.t", "lr = lr * torch.rand(()).item()"],
    ids=["a hidden counter", "draws of its own"],
)
def test_one_that_would_go_on_otherwise_fails_by_name(plugin, kept):
    from torch import nn

    from lmcspec.science.optimisers.laws import BrokenLaw, LawfulStepper

    def steps():
        weights = nn.Linear(3, 2).weight.data
        stepper = LawfulStepper(get("optimiser", "signum").config(name="signum", lr=0.1), ("w",), [weights], {})  # pyright: ignore
        for _ in range(3):
            stepper.step([torch.ones(2, 3)], 0.1)

    steps()
    plugin.edit("steps.py", "for parameter, mean", f"{kept}\n        for parameter, mean")
    with pytest.raises(BrokenLaw, match=r"^the optimiser 'signum' of ownplug has another 'w' after a step") as caught:
        steps()
    assert caught.value.help.endswith("is in `state`, counters and random draws too")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("Triangle.multiplier = lambda self, update, length: None", "multiplier(0, 2) is None, no number"),
        ("Triangle.multiplier = lambda self, update, length: update - 1", "multiplier(0, 2) is -1: a finite"),
        ("Triangle.multiplier = lambda self, update, length: float('nan')", "multiplier(0, 2) is nan: a finite"),
        ("Triangle.multiplier = lambda self, update, length: 1 / update", "ZeroDivisionError: "),
        ("Triangle.document = lambda self, length: {'name': self.name, 'end': length}", "ValidationError: "),
        ("Triangle.document = lambda self, length: {'name': {self.name}}", "TypeError: "),
        ("import random\nTriangle.multiplier = lambda *_: random.random()", "multiplier() gives other numbers when"),
        ("Triangle.document = lambda self, length: {'top': 1}", "its document() lacks the name"),
        ("Signum.document = lambda self: {'name': self.name, 'rate': self.lr}", "its document() lacks the lr"),
        (TWO_RATES, "lr is (0.1, 0.2), no number"),
        ("Signum.decayed = lambda self, weight, rates: weight / len(rates)", "ZeroDivisionError: "),
        ("Signum.decayed = lambda self, weight, rates: 'half'", "decayed(1.0, ()) is 'half', no number"),
        ("Signum.document = lambda self: {'name': self.name, 'lr': self.lr}", "read() makes other settings"),
    ],
)
def test_one_that_no_training_can_go_by_is_refused_by_the_plan(plugin, method, said):
    plugin.edit("cards.py", "CARDS = (*CARDS", f"{method}\n\nCARDS = (*CARDS")
    with pytest.raises(SpecError) as caught:
        plan_of(OWN.replace("lr = 0.1", "lr = 0.1, momentum = 0.25"))
    (problem,) = caught.value.problems
    kind, name = ("schedule", "triangle") if "Triangle" in method else ("optimiser", "signum")
    assert (problem.code, problem.path) == ("E429", f"recipes.real.{kind}")
    assert problem.message.startswith(f"the {kind} {name!r} can't be used here: {said}")


def test_a_recipe_is_held_against_the_sets_that_it_trains_on_alone(plugin):
    """One whose fall, or whose step, comes too late for a set is no mistake where only the study's images meet it."""
    plugin.edit("cards.py", "return update / top if", "assert top < length\n        return update / top if")
    text = OWN.replace("[recipes.real]", "[distilled]\ndm = { method = 'dm', ipc = 1 }\n[recipes.real]")
    text = (
        text.replace('length = "2it"', 'length = "4ep"').replace(
            "[networks]",
            '[recipes.distilled]\nlength = "4ep"\nbatch = 16\noptimiser = { name = "sgd", lr = 0.1 }\n[networks]',
        )
        + 'worth = { kind = "set-accuracy", set = "dm", evaluate = "EVALUATE" }\n'
    )
    for top in ('{ name = "triangle", top = "4it" }', '{ name = "steps", at = ["4it"] }'):
        late = text.replace('{ name = "triangle", top = "1it" }', top)
        assert plan_of(late.replace("EVALUATE", "distilled")).tasks
        with pytest.raises(SpecError) as caught:
            plan_of(late.replace("EVALUATE", "real"))
        (problem,) = caught.value.problems
        assert problem.path.startswith("recipes.real.schedule") and problem.code == ("E429" if "tri" in top else "E408")


def test_pruned_weights_and_runs_that_go_on_keep_their_laws(plugin):
    from torch import nn

    from lmcspec.base.sgd_noise import SgdNoise
    from lmcspec.science.data.resident import Split
    from lmcspec.science.train import Segment, train

    optimiser = get("optimiser", "signum").config.model_validate({"name": "signum", "lr": 0.1, "thaw": "2ep1it"})
    schedule = get("schedule", "triangle").config.model_validate({"name": "triangle", "top": "3it"})
    recipe = Recipe(12, 8, optimiser.in_updates(5), schedule.in_updates(5))  # pyright: ignore
    assert as_document(recipe)["optimiser"]["thaw"] == 11
    assert recipe == from_document(as_document(recipe))
    assert [round(recipe.rate(update), 6) for update in (0, 1, 3, 12)] == [0, 0.033333, 0.1, 0]
    data = Split(torch.randn(40, 1, 2, 3, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3)
    mask = {"1.weight": torch.rand(3, 6, generator=torch.Generator().manual_seed(1)) > 0.5}

    def network():
        module = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
        with torch.no_grad():
            module[1].weight.copy_(torch.linspace(-1, 1, 18).view(3, 6))
            module[1].bias.zero_()
        return module

    whole = train(network(), data, recipe, SgdNoise(0), mask=mask)
    short = train(network(), data, recipe, SgdNoise(0), mask=mask, segment=Segment(until=5))
    module = network()
    module.load_state_dict(short.state)
    rest = train(module, data, recipe, SgdNoise(0), mask=mask, segment=Segment(5, optimiser=short.optimiser))
    for state in (short, whole):
        assert (
            not state.state["1.weight"][~mask["1.weight"]].any()
            and not state.optimiser["mean/1.weight"][~mask["1.weight"]].any()
        )
    assert all(torch.equal(rest.state[name], whole.state[name]) for name in whole.state)
    assert torch.equal(rest.optimiser["mean/1.weight"], whole.optimiser["mean/1.weight"])


def test_its_keys_are_held_as_the_spec_is_read(plugin):
    for old, new, code, words in (
        ('"signum"', '"signun"', "E214", "did you mean `signum`?"),
        ('"triangle"', '"trangle"', "E215", "did you mean `triangle`?"),
        ("lr = 0.1", "lr = 0.1, nesterov = true", "E103", "unknown key `nesterov`"),
        (', top = "1it"', "", "E104", "lacks the key `top`"),
        ('top = "1it"', 'top = "1ep"', "E408", "`top` = 1ep is update 3, but training ends after 2"),
        ("lr = 0.1", 'lr = 0.1, thaw = "2it"', "E408", "`thaw` = 2it is update 2, but training ends after 2"),
    ):
        with pytest.raises(SpecError) as caught:
            plan_of(OWN.replace(old, new))
        (problem,) = caught.value.problems
        assert problem.code == code and words in f"{problem.message} {problem.label} {problem.help}"


DEEP = """
class Phase(Config):
    at: StepField

class Phases(Triangle):
    name: Literal["phases"] = "phases"
    phases: Several[Phase] = ()
    span: Several[StepField] = ()
    named: dict[str, StepField] = {}

CARDS = (*CARDS, ScheduleCard(name="phases", doc="x", config=Phases))
"""


def test_steps_may_stand_anywhere(plugin):
    """In tables, lists and lists of tables: each is counted, in the order in which it is written, and held to the end."""
    plugin.edit("cards.py", "import Step\n", "import Step\nfrom lmcspec.catalog import Config, Several\n")
    with (plugin.folder / "cards.py").open("a") as cards:
        cards.write(DEEP)
    plugin.forget()
    steps = 'phases = [{ at = "1it" }, { at = "1ep" }], span = ["1ep", "2it"], named = { a = "1ep1it" }'
    text = OWN.replace('"triangle", top', f'"phases", {steps}, top').replace('"2it"\nbatch', '"4ep"\nbatch')
    (document,) = {
        task.params.recipe.digest: task.params.recipe.value
        for task in plan_of(text).tasks.values()
        if task.kind == "train"
    }.values()
    schedule = from_document(document).schedule
    assert document["schedule"]["phases"] == [{"at": 1}, {"at": 3}] and document["schedule"]["named"] == {"a": 4}
    assert schedule.span == as_steps((3, 2)) and schedule.phases[1].at.updates == 3  # pyright: ignore
    for key, old, new in (("phases[1].at", '{ at = "1ep" }', '{ at = "9ep" }'), ("named.a", "1ep1it", "9ep")):
        with pytest.raises(SpecError) as caught:
            plan_of(text.replace(old, new))
        assert [(problem.code, problem.path) for problem in caught.value.problems] == [
            ("E408", f"recipes.real.schedule.{key}")
        ]


def test_steps_are_counted_in_updates():
    steps = get("schedule", "steps").config.model_validate({"name": "steps", "at": ["2ep", "1ep3it"], "warmup": "1ep"})
    resolved = steps.in_updates(10)  # pyright: ignore
    assert resolved.at == as_steps((13, 20)) and resolved.warmup == as_steps(10)

"""Code of one's own is part of what a task is: edited code runs again, and what it does not touch is reused."""

import pytest
from plugin_for_tests import STUDY
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError, StoreError
from lmcspec.engine.execute import execute
from lmcspec.plan import Plan
from lmcspec.plan.document import read_document, to_document
from lmcspec.plan.outlook import outlook
from lmcspec.plan.render import table
from lmcspec.store import Store
from lmcspec.store.attempts import failed_attempts
from lmcspec_runners.inline import InlineRunner


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def run(store, text=STUDY):
    view = outlook(plan_of(text), store)
    return view, execute(view, store, InlineRunner())


def changed(before: Plan, after: Plan) -> set[str]:
    """Labels of the tasks that have other ids."""
    return {task.label for name, task in after.tasks.items() if name not in before.tasks}


def why(store) -> dict[str, str]:
    view = outlook(plan_of(STUDY), store)
    return {view.plan.tasks[task].label: "; ".join(map(str, reason.changes)) for task, reason in view.reasons.items()}


def test_an_edited_model_runs_again_and_the_plan_says_why(plugin, store):
    view, first = run(store)
    assert len(first.done) == len(view.plan.tasks) == 5 and not first.failed
    assert outlook(plan_of(STUDY), store).diff.nothing_to_do
    plugin.edit("parts.py", "ReLU", "Tanh")
    view = outlook(plan_of(STUDY), store)
    assert not view.diff.reused and {reason.code for reason in view.reasons.values()} == {"code-changed"}
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as said:
        for part in table(view, 1, ""):
            console.print(part)
    assert "code-changed  code of `tiny-vit`" in said.get()
    _, again = run(store)
    assert len(again.done) == 5 and not again.failed


def test_changed_shapes_have_facts_of_their_own(plugin, store):
    run(store)
    plugin.edit("model.py", "6", "9")
    _, summary = run(store)
    assert not summary.failed and len(summary.done) == 5
    known = outlook(plan_of(STUDY), store).models
    assert [dict(facts.prunable)["1.weight"] for facts in known.values()] == [(9, 16)]


def test_a_criterion_concerns_its_masks_and_what_follows(plugin, store):
    before, _ = run(store)
    plugin.edit("criterion.py", ".abs()", ".square()")
    assert changed(before.plan, plan_of(STUDY)) == {"imp/s0/l1/mask", "imp/s0/l1/train"}
    assert why(store)["imp/s0/l1/mask"].startswith("code of `upside` ")


def test_the_code_of_a_data_set_counts_even_where_its_images_stay(plugin, store):
    before, _ = run(store)
    plugin.edit("data.py", "% 2", "% 2 * 1")
    assert len(changed(before.plan, plan_of(STUDY))) == 5
    assert why(store)["imp/s0/l1/mask"].startswith("code of `stripes` ") or "imp/s0/l0/train" in why(store)


def test_the_cards_module_counts_only_where_it_is_imported(plugin, store):
    before, _ = run(store)
    plugin.edit("cards.py", 'doc="x"', 'doc="another"')
    assert outlook(plan_of(STUDY), store).diff.nothing_to_do
    assert not changed(before.plan, plan_of(STUDY))


def test_a_declared_version_keeps_ids_until_it_is_raised(plugin, store):
    plugin.edit("cards.py", "ownplug.model:build", 'ownplug.model:build", version=1, source="')
    before, _ = run(store)
    plugin.edit("parts.py", "ReLU", "Tanh")
    assert outlook(plan_of(STUDY), store).diff.nothing_to_do
    plugin.edit("cards.py", "version=1", "version=2")
    assert len(changed(before.plan, plan_of(STUDY))) == 5
    assert set(why(store).values()) == {"code of `tiny-vit` version 1 -> version 2"}


def test_a_series_of_another_code_is_another_line(plugin, store):
    before = plan_of(STUDY).series
    plugin.edit("criterion.py", ".abs()", ".square()")
    after = plan_of(STUDY).series
    moved = {one.network: one.identity != other.identity for one, other in zip(before, after, strict=True)}
    assert moved == {"imp": True, "plain": False}


def test_what_was_edited_after_the_plan_does_not_run_under_its_ids(plugin, store):
    view = outlook(plan_of(STUDY), store)
    plugin.edit("parts.py", "ReLU", "Tanh")
    failed = execute(view, store, InlineRunner())
    assert not failed.done and failed.failed
    log = next((store.root / "attempts").glob("*/*/failure.json")).read_text()
    assert "another than when this was planned" in log


def test_nor_does_what_a_process_loaded_before_the_edit(plugin, store):
    """A notebook: the plan is new, and the modules are those that were imported before."""
    run(store)
    path = plugin.folder / "parts.py"
    path.write_text(path.read_text().replace("ReLU", "Tanh"))
    _, summary = run(store)
    assert not summary.done and summary.failed
    logs = "".join(one.read_text() for one in (store.root / "attempts").glob("*/*/failure.json"))
    assert "after this process had begun to use it" in logs


def test_a_saved_plan_of_other_code_is_stale(plugin):
    document = to_document(plan_of(STUDY))
    assert read_document(document).tasks
    plugin.edit("parts.py", "ReLU", "Tanh")
    with pytest.raises(StoreError, match="stale: the code of model `tiny-vit` is another"):
        read_document(document)


@pytest.mark.parametrize("module", ["model", "data", "criterion"])
def test_code_that_cannot_be_followed_is_an_error_of_the_spec(plugin, module):
    (plugin.folder / "broken.py").write_text("def (")
    (plugin.folder / f"{module}.py").write_text("from ownplug import broken\nbuild = load = facts = scores = broken\n")
    plugin.forget()
    with pytest.raises(SpecError) as refused:
        plan_of(STUDY)
    (problem,) = refused.value.problems
    assert problem.code == "E428" and "ownplug.broken" in problem.message and "version = 1" in problem.help
    assert problem.path.startswith({"model": "model", "data": "dataset", "criterion": "networks.imp"}[module])


def test_a_distiller_concerns_its_sets_and_what_rests_on_them(plugin, store):
    cards = (plugin.folder / "cards.py").read_text().replace("CriterionCard,", "CriterionCard, Config, DistillerCard,")
    (plugin.folder / "cards.py").write_text(f"""{cards}
class Blend(Config):
    method: Literal["blend"] = "blend"
    ipc: int = 1
    seed: int = 0
    steps = property(lambda self: 1)

    def work(self, classes, images):
        return images, images

CARDS += (DistillerCard(name="blend", doc="x", config=Blend, implementation="ownplug.blend:distill"),)
""")
    (plugin.folder / "blend.py").write_text("""
from ownplug.data import load
from lmcspec.science.data.distilled.distilled_set import Distilled

def distill(config, distillation):
    kept = 1.0
    raise AssertionError(f"a plan runs no {Distilled.__name__} of {load.__name__}, {kept}")
""")
    plugin.forget()
    text = STUDY.replace('data = "real", rounds = 1, fraction = 0.5 }', 'data = "small", rounds = 1, fraction = 0.5 }')
    text = text.replace("[networks]", '[distilled]\nsmall = { method = "blend", ipc = 1 }\n[networks]')
    text = text.replace(
        "[recipes.real]",
        '[recipes.distilled]\nlength = "2it"\nbatch = 2\noptimiser = { name = "sgd", lr = 0.1 }\n[recipes.real]',
    )
    before = plan_of(text)
    plugin.edit("blend.py", "1.0", "2.0")
    assert changed(before, plan_of(text)) == {
        "distilled/small",
        "plain/s0/l0/train on small",
        "plain/s0/l1/mask",
        "plain/s0/l1/train",
    }


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ("None", "are none"),
        ("{name: 1.0 for name in mask}", "are float"),
        ("dict(list({name: state[name] for name in mask}.items())[1:])", "are none"),
        ("{name: state[name].sum() for name in mask}", "are Tensor"),
    ],
)
def test_a_criterion_that_gives_no_scores_fails_by_name(plugin, store, scores, said):
    plugin.edit("criterion.py", "{name: state[name].abs() for name in mask}", scores)
    _, summary = run(store)
    (failure, *_) = [one.document for task in summary.failed for one in failed_attempts(store, task)]
    assert failure["reason"] == "user" and said in failure["message"]
    assert failure["message"].startswith("the criterion 'upside' gives no score to each weight: those of '1.weight'")

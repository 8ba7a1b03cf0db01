"""Why a task runs: each reason brought about by really doing it, on trainings of seven updates."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from plugin_for_tests import STUDY, Plugin
from specs_for_tests import TINY, plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.document import to_document
from lmcspec.plan.outlook import Outlook, outlook
from lmcspec.plan.reasons import REASONS
from lmcspec.plan.render import estimate
from lmcspec.plan.simulate import Slots
from lmcspec.store import Store, open_attempt, record_plan
from lmcspec.tasks import train
from lmcspec_runners.inline import InlineRunner

ALL = ["dense/s0/l0/train", "imp/s0/l1/mask", "imp/s0/l1/train", "imp/s0/l2/mask", "imp/s0/l2/train"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A store in which the tiny study has run once."""
    path = tmp_path_factory.mktemp("finished") / "store"
    store = Store.open(path)
    summary = execute(outlook(plan_of(TINY), store), store, InlineRunner())
    assert len(summary.done) == 5
    return path


@pytest.fixture
def store(finished, tmp_path) -> Store:
    """A copy of it of one's own."""
    import shutil

    shutil.copytree(finished, tmp_path / "store")
    return Store.open(tmp_path / "store")


def look(store: Store, *sets: str, text: str = TINY, force: tuple[str, ...] = ()) -> Outlook:
    plan = plan_of(text, *sets)
    return outlook(plan, store, frozenset(plan.roles[role] for role in force))


def by_role(view: Outlook) -> dict[str, str]:
    return {view.plan.tasks[task].label: reason.code for task, reason in view.reasons.items()}


def run(store: Store, view: Outlook):
    return execute(view, store, InlineRunner())


def test_never_run(tmp_path):
    view = look(Store.open(tmp_path / "new"))
    assert by_role(view) == dict.fromkeys(ALL, "never-run")


def test_nothing_to_do(store):
    view = look(store)
    assert view.diff.nothing_to_do
    assert view.reasons == {}


def test_params_changed_names_the_field_and_what_follows(store):
    view = look(store, "recipes.real.optimiser.lr=0.2")
    codes = by_role(view)
    assert {codes[role] for role in ALL if "train" in role} == {"params-changed"}
    assert {codes[role] for role in ALL if "mask" in role} == {"input-changed"}
    changes = view.reasons[view.plan.roles["dense/s0/l0/train"]].changes
    assert [(change.field, change.old, change.new) for change in changes] == [("recipe.optimiser.lr", 0.1, 0.2)]


def test_input_changed_names_its_root(store):
    view = look(store, "networks.imp[0].fraction=0.4")
    first = view.plan.roles["imp/s0/l1/mask"]
    assert by_role(view) == {
        "imp/s0/l1/mask": "params-changed",
        "imp/s0/l1/train": "input-changed",
        "imp/s0/l2/mask": "params-changed",
        "imp/s0/l2/train": "input-changed",
    }
    followed = view.reasons[view.plan.roles["imp/s0/l1/train"]]
    assert followed.root == first
    assert [str(change) for change in followed.changes] == ["fraction 0.5 -> 0.4"]


def test_another_study_is_compared_with_nothing(store):
    """What it did not do itself is nothing that it has changed from."""
    view = look(store, "study='newcomer'", "recipes.real.optimiser.momentum=0.8")
    assert set(by_role(view).values()) == {"never-run"}


def test_a_new_level_has_never_run(store):
    text = TINY.replace("rounds = 2", "rounds = 3")
    assert by_role(look(store, text=text)) == dict.fromkeys(["imp/s0/l3/mask", "imp/s0/l3/train"], "never-run")


def test_a_step_is_the_same_where_the_spec_says_so_whatever_update_it_is(tmp_path):
    """One epoch is 6 updates with batches of 256 and 8 with batches of 180."""
    longer, stability = "recipes.real.length=2ep", 'measures.stability={levels=["dense"],at=["1ep"],points=3}'
    store = Store.open(tmp_path / "store")
    before = plan_of(TINY, longer, stability)
    record_plan(store, before.study, to_document(before))
    codes = by_role(look(store, longer, stability, "recipes.real.batch=180"))
    assert any("k=8" in label for label in codes)
    assert "never-run" not in codes.values()
    other = by_role(look(store, longer, stability.replace("1ep", "2it")))
    assert {code for label, code in other.items() if "k=2" in label} == {"never-run"}


def test_nor_has_a_new_network_beside_known_ones(store):
    text = TINY.replace("[measures]", 'other = [{ data = "real", rounds = 1, fraction = 0.3 }]\n[measures]')
    found = by_role(look(store, text=text))
    assert found == dict.fromkeys(["other/s0/l1/mask", "other/s0/l1/train"], "never-run")


def test_version(store, monkeypatch):
    newer = replace(train.KIND, version=99)
    monkeypatch.setattr(train, "KIND", newer)
    view = look(store)
    reason = view.reasons[view.plan.roles["dense/s0/l0/train"]]
    assert reason.code == "version"
    assert [str(change) for change in reason.changes] == [f"version {99 - 98} -> 99"]


def folder(root: Path, shade: int) -> None:
    from PIL import Image

    for split in ("train", "test"):
        for label in ("a", "b"):
            place = root / split / label
            place.mkdir(parents=True, exist_ok=True)
            for number in range(3):
                Image.new("RGB", (4, 4), (shade + number, 10 * number, 99)).save(place / f"{number}.png")


def folder_study(root: Path) -> str:
    return TINY.replace('dataset = "digits"', f'dataset = {{ name = "folder", root = "{root}" }}')


def test_data_changed(tmp_path):
    store, root = Store.open(tmp_path / "store"), tmp_path / "images"
    folder(root, 10)
    text = folder_study(root)
    run(store, look(store, text=text))
    assert look(store, text=text).diff.nothing_to_do
    folder(root, 60)
    view = look(store, text=text)
    reason = view.reasons[view.plan.roles["dense/s0/l0/train"]]
    assert reason.code == "data-changed"
    assert [change.field for change in reason.changes] == ["data.digest"]


def test_data_missing_blocks_with_the_reason(tmp_path):
    view = look(Store.open(tmp_path / "store"), text=folder_study(tmp_path / "nowhere"))
    assert not view.diff.run
    assert len(view.diff.blocked) == 5
    assert "nowhere" in next(iter(view.diff.blocked.values()))


def test_what_is_blocked_says_what_it_would_cost(tmp_path):
    away = look(Store.open(tmp_path / "store"), 'dataset={ name = "mnist", root = "nowhere" }')
    assert away.running == {}
    trainings, of_an_epoch = 3, -(-60_000 // 256)
    assert sum(one.work.updates for one in away.waiting.values()) == trainings * of_an_epoch
    assert sum(one.work.images for one in away.waiting.values()) == trainings * 60_000
    assert estimate(away, 1)[0].startswith("blocked: ")
    assert (away.wall(Slots(1)), away.kept_bytes) == (0.0, 0)


def test_output_missing(store):
    plan = plan_of(TINY)
    end = plan.roles["imp/s0/l2/mask"]
    store.drop_outputs(end)
    assert look(store).diff.nothing_to_do, "nothing needs the files as long as the results are there"
    store.discard(plan.roles["imp/s0/l2/train"])
    view = look(store)
    assert by_role(view)["imp/s0/l2/mask"] == "output-missing"
    assert len(run(store, view).done) == 2
    assert look(store).diff.nothing_to_do


def test_output_corrupt(store):
    plan = plan_of(TINY)
    damaged = store.find(plan.roles["imp/s0/l1/mask"])
    (damaged.out / "mask.safetensors").write_bytes(b"rubbish")
    assert look(store).diff.nothing_to_do, "nothing reads the damaged file"
    store.discard(plan.roles["imp/s0/l1/train"])
    view = look(store)
    assert by_role(view) == {"imp/s0/l1/mask": "output-corrupt", "imp/s0/l1/train": "never-run"}
    run(store, view)
    assert look(store).diff.nothing_to_do


def test_previous_failed(store):
    plan = plan_of(TINY)
    end = plan.roles["imp/s0/l2/train"]
    store.discard(end)
    open_attempt(store, end).fail({"message": "no luck"})
    assert by_role(look(store)) == {"imp/s0/l2/train": "previous-failed"}


def test_interrupted(store):
    plan = plan_of(TINY)
    end = plan.roles["imp/s0/l2/train"]
    store.discard(end)
    (open_attempt(store, end).partial / "checkpoint.safetensors").write_bytes(b"half")
    _leave(store, end)
    assert by_role(look(store)) == {"imp/s0/l2/train": "interrupted"}


def _leave(store: Store, task: str) -> None:
    """Make the open attempt one of a process that is gone."""
    for owner in (store.root / "attempts" / task).glob("*.json"):
        document = json.loads(owner.read_text())
        document["process"] = {**document.get("process", {}), "pid": 2**22 - 1, "started": 1.0}
        document |= {"pid": 2**22 - 1, "started": 1.0}
        owner.write_text(json.dumps(document))


def test_code_changed(tmp_path, monkeypatch):
    """More of it in test_plugin_code."""
    monkeypatch.syspath_prepend(tmp_path)
    plugin = Plugin(tmp_path)
    plugin.forget()
    store = Store.open(tmp_path / "store")
    assert set(by_role(look(store, text=STUDY)).values()) == {"never-run"}
    run(store, look(store, text=STUDY))
    plugin.edit("criterion.py", ".abs()", ".square()")
    assert by_role(look(store, text=STUDY)) == {"imp/s0/l1/mask": "code-changed", "imp/s0/l1/train": "input-changed"}
    plugin.forget()


def test_forced(store):
    view = look(store, force=("imp/s0/l1/mask",))
    codes = by_role(view)
    assert codes["imp/s0/l1/mask"] == "forced"
    assert codes["imp/s0/l2/train"] == "input-changed"
    assert "dense/s0/l0/train" not in codes
    before = store.find(view.plan.roles["imp/s0/l2/train"]).record["committed"]
    assert len(run(store, view).done) == 4
    assert store.find(view.plan.roles["imp/s0/l2/train"]).record["committed"] > before


def test_skipped(tmp_path):
    """A rate at which the first training diverges; the study skips what follows a collapse."""
    sets = ("recipes.real.optimiser.lr=1e6", "on_collapse='skip'")
    store = Store.open(tmp_path / "store")
    summary = run(store, look(store, *sets))
    assert len(summary.done) == 1
    assert len(summary.skipped) == 4
    view = look(store, *sets)
    assert set(by_role(view).values()) == {"skipped"}
    assert view.diff.run == ()
    assert len(look(store, sets[0]).diff.run) == 4, "with go-on they do run"


def test_every_reason_has_its_test():
    tested = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    for code in REASONS:
        assert any(name.startswith(code) for name in tested), code

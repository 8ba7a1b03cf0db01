"""Ids: golden ones, what they depend on, and what they don't."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from specs_for_tests import FIG7, TINY, plan_of

from lmcspec.plan import Plan

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "golden_ids.json").read_text())

RICH = """
study = "rich"
replicates = 2
dataset = "digits"
model = "convnet2"
[recipes.real]
length = "3ep"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 5e-4, nesterov = true }
schedule = { name = "steps", at = ["2ep", "40it"], factor = 0.2, warmup = "5it" }
augment = { flip = true, crop = 1 }
[recipes.adam]
length = "50it"
batch = 32
optimiser = { name = "adam", lr = 1e-3, betas = [0.8, 0.99], eps = 1e-7, weight_decay = 1e-4 }
optimiser_state = "carry"
[recipes.distilled]
length = "10ep"
batch = 16
optimiser = { name = "sgd", lr = 0.05 }
[distilled]
dm = { method = "dm", ipc = 2, iterations = 5, seed = 3 }
[networks]
dense = []
imp = [{ data = "real", rounds = 2, rewind = "20it", exclude = ["classifier"] }]
layer = [{ data = "real", rounds = 2, scope = "layer", fraction = 0.3, criterion = "random" }]
oneshot = [{ data = "real", rounds = 3, iterative = false, restore = "prunable" }]
tuned = [{ data = "real", rounds = 2, start = "trained", schedule_from = "1ep" }]
stable = [{ data = "dm", rounds = 2, sparsity = 0.6, exact = true }, { data = "real", shuffle = true }, { data = "real", rounds = 1, rewind = 1, rewind_of = "dense" }]
shuffled = { like = "imp", mask = "shuffled" }
everywhere = { like = "imp", mask = "shuffled-global" }
even = { like = "imp", mask = "even", weights = "reinitialised" }
[measures]
accuracy = {}
other = { kind = "accuracy", networks = ["imp"], levels = ["last"], evaluate = "adam", copies = 2 }
stability = { at = ["rewind", 2], levels = ["dense", "last"], copies = 3, points = 7, images = 500, bn = ["recompute"], bn_images = 100, split = ["test"] }
way = { kind = "stability", networks = ["dense"], levels = ["dense"], at = [0], points = 4, through = 1 }
"""
"""Every kind of task, stage, baseline and option at least once."""

ROLES = [
    "distilled/dm",
    "dense/s0/l0/train",
    "dense/s1/l0/train",
    "dense/s0/l0/copy1",
    "dense/s0/l0/path k=0 0-1",
    "dense/s0/l0/train until 46",
    "dense/s0/l0/k=46 copy2",
    "imp/s0/l1/mask",
    "imp/s0/l2/train",
    "imp/s0/l0/train until 20",
    "layer/s1/l2/mask",
    "oneshot/s0/l3/mask",
    "oneshot/s0/l2/train",
    "tuned/s0/l1/train",
    "stable/s0/l0/train on dm",
    "stable/s0/l2/mask",
    "stable/s0/l2/mask-1",
    "stable/s0/l3/train",
    "shuffled/s0/l2/mask-0",
    "everywhere/s0/l2/train",
    "even/s0/l1/train",
    "imp/s0/l2/path k=20 0-2",
]


@pytest.fixture(scope="module")
def rich() -> Plan:
    return plan_of(RICH)


@pytest.mark.parametrize("role", ROLES)
def test_golden_ids(rich, role):
    """A changed id makes every stored result of that kind be made anew: a new version of the kind, or a mistake."""
    assert rich.roles[role] == GOLDEN[role]


ADDED = {
    "split": ["dataset.split={validation=200}"],
    "split seed": ["dataset.split={validation=200,seed=1}"],
    "resize": ["dataset.resize=10"],
    "dsa": ["recipes.real.augment={dsa='color_crop_cutout_flip_scale_rotate'}"],
    "dsa idc": ["recipes.real.augment={dsa='flip_color',dsa_style='idc'}"],
    "cutmix": ["recipes.real.augment={cutmix=0.5}"],
    "bf16": ["recipes.real.precision='bf16'"],
    "learning-rate rewinding": ["networks.imp=[{rounds=2,start='trained',schedule_from='3it'}]"],
    "one-shot": ["networks.imp=[{rounds=1,sparsity=0.8}]"],
    "one-shot fine-tuning": ["networks.imp=[{rounds=2,iterative=false,start='trained',schedule_from='5it'}]"],
    "crop": ["dataset.crop=6"],
    "resized crop": ["recipes.real.augment={random_resized_crop={size=8,scale=[0.1,1],ratio=[0.8,1.25]}}"],
    "adamw": ["recipes.real.optimiser={name='adamw',lr=0.001}"],
    "cosine": ["recipes.real.schedule='cosine'"],
    "linear": ["recipes.real.schedule={name='linear',final=0.1,warmup='2it'}"],
    "snip": ["networks.imp=[{rounds=2,criterion='snip'}]"],
    "grasp": ["networks.imp=[{rounds=2,criterion='grasp',rewind='3it'}]"],
    "synflow": ["networks.imp=[{rounds=1,sparsity=0.8,criterion='synflow'}]"],
    "magnitude-at-init": ["networks.imp=[{rounds=2,criterion='magnitude-at-init'}]"],
}
"""What was added later and is not in RICH: changes of the tiny study."""


@pytest.mark.parametrize("name", ADDED)
def test_golden_ids_of_what_was_added_later(name):
    assert plan_of(TINY, *ADDED[name]).roles["imp/s0/l1/train"] == GOLDEN[f"{name}: imp/s0/l1/train"]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("recipes.real.augment={dsa='rotate_flip'}", "recipes.real.augment={dsa='flip_rotate',cutmix=0}"),
        ("recipes.real.augment={dsa='flip',dsa_style='dc'}", "recipes.real.augment={dsa='flip'}"),
        ("recipes.real.precision='float32'", "recipes.real.augment.flip=false"),
        (
            "recipes.real.augment={random_resized_crop={size=8}}",
            "recipes.real.augment={random_resized_crop={size=8,scale=[0.08,1],ratio=[0.75,1.3333333333333333]}}",
        ),
    ],
)
def test_two_spellings_of_one_augmentation(change, same):
    assert set(plan_of(TINY, change).tasks) == set(plan_of(TINY, same).tasks)


def test_golden_ids_are_all_of_these():
    assert sorted(GOLDEN) == sorted([*ROLES, *(f"{name}: imp/s0/l1/train" for name in ADDED)])


def test_order_of_keys_does_not_matter(rich):
    lines = RICH.strip().splitlines()
    tables = [list(group) for _, group in itertools.groupby(lines, key=_table_of(lines))]
    mixed = "\n".join("\n".join([table[0], *reversed(table[1:])]) for table in [tables[0], *reversed(tables[1:])])
    assert set(plan_of(mixed).tasks) == set(rich.tasks)


def _table_of(lines):
    current = itertools.count()
    heading: dict[int, int] = {}
    now = next(current)
    for place, line in enumerate(lines):
        if line.startswith("["):
            now = next(current)
        heading[place] = now
    places = iter(range(len(lines)))
    return lambda _: heading[next(places)]


_CODE = f"""
import sys
sys.path[:0] = {[str(HERE), str(HERE.parent)]!r}
import test_identity
for role, identifier in test_identity.plan_of(test_identity.RICH).roles.items():
    if role in test_identity.ROLES and test_identity.GOLDEN[role] != identifier:
        print(role, identifier)
"""


@pytest.mark.parametrize("seed", ["0", "1", "31337"])
def test_neither_hash_seed_nor_process_matters(seed):
    found = subprocess.run(
        [sys.executable, "-c", _CODE],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == ""


NEEDS = [
    "pydantic",
    "rfc8785",
    "numpy",
    "scipy",
    "tomli",
    "ruamel.yaml",
    "platformdirs",
    "safetensors",
    "psutil",
    "filelock",
    "rich",
    "pytest",
]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12"])
def test_the_version_of_python_does_not_matter(version, tmp_path):
    uv, python = shutil.which("uv"), _python(version)
    if uv is None or python is None:
        pytest.skip(f"uv or Python {version} is not installed")
    environment = [f"--with={need}" for need in NEEDS]
    found = subprocess.run(
        [uv, "run", "--no-project", "--isolated", "--python", python, *environment, "python", "-c", _CODE],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout == ""


def _python(version: str) -> str | None:
    """An interpreter of that version: on the path, or one that pyenv keeps."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python"))
    for candidate in filter(None, [shutil.which(f"python{version}"), *map(str, kept)]):
        if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


ENTERS = [
    "recipes.real.length='4ep'",
    "recipes.real.batch=63",
    "recipes.real.optimiser.lr=0.11",
    "recipes.real.optimiser.momentum=0.8",
    "recipes.real.optimiser.weight_decay=0.0",
    "recipes.real.optimiser.nesterov=false",
    "recipes.real.schedule.factor=0.1",
    "recipes.real.schedule.at=['2ep']",
    "recipes.real.schedule.warmup='6it'",
    "recipes.real.augment.flip=false",
    "recipes.real.augment.crop=0",
    "recipes.real.optimiser_state='carry'",
    "model.width=64",
    "model.norm='batch'",
    "model.depth=3",
    "model.init='kaiming-normal'",
    "recipes.real.augment={crop=0,flip=true,random_resized_crop={size=8}}",
    "dataset.crop=4",
    "dataset.space='raw'",
    "dataset.space={name='standardised',mean=[0.3],std=[0.4]}",
]


@pytest.mark.parametrize("change", ENTERS)
def test_every_field_that_can_change_a_training_changes_its_id(rich, change):
    assert plan_of(RICH, change).roles["dense/s0/l0/train"] != rich.roles["dense/s0/l0/train"]


@pytest.mark.parametrize(
    ("change", "role"),
    [
        ("recipes.adam.optimiser.betas=[0.9,0.99]", "imp/s0/l2/copy1 by adam"),
        ("recipes.adam.optimiser.eps=1e-8", "imp/s0/l2/copy1 by adam"),
        ("distilled.dm.ipc=3", "distilled/dm"),
        ("distilled.dm.iterations=6", "distilled/dm"),
        ("distilled.dm.lr=0.5", "distilled/dm"),
        ("distilled.dm.seed=4", "distilled/dm"),
        ("distilled.dm.batch=8", "distilled/dm"),
        ("distilled.dm.momentum=0.4", "distilled/dm"),
        ("networks.imp[0].fraction=0.3", "imp/s0/l1/mask"),
        ("networks.imp[0].exclude=[]", "imp/s0/l1/mask"),
        ("networks.imp[0].scope='layer'", "imp/s0/l1/mask"),
        ("networks.imp[0].criterion='random'", "imp/s0/l1/mask"),
        ("networks.imp[0].rewind='21it'", "imp/s0/l2/train"),
        ("networks.oneshot[0].restore='all'", "oneshot/s0/l2/train"),
        ("networks.oneshot[0].iterative=true", "oneshot/s0/l3/mask"),
        ("networks.tuned[0].schedule_from='2ep'", "tuned/s0/l1/train"),
        ("networks.shuffled.mask='even'", "shuffled/s0/l2/mask-0"),
        ("networks.even.weights='same'", "even/s0/l1/train"),
        ("measures.stability.points=8", "imp/s0/l2/path k=20 0-2"),
        ("measures.stability.images='all'", "imp/s0/l2/path k=20 0-2"),
        ("measures.stability.bn=['average']", "imp/s0/l2/path k=20 0-2"),
        ("measures.stability.bn_images=99", "imp/s0/l2/path k=20 0-2"),
        ("measures.stability.split=['train']", "imp/s0/l2/path k=20 0-2"),
    ],
)
def test_every_other_field_that_can_change_a_result_changes_its_id(rich, change, role):
    assert plan_of(RICH, change).roles[role] != rich.roles[role]


@pytest.mark.parametrize(
    "change",
    [
        "study='other'",
        "title='words'",
        "source='a paper'",
        "dataset.root='/somewhere/else'",
        "dataset.resident=false",
        "measures.stability.threshold=0.05",
        "on_collapse='skip'",
        "figures.one={plot='accuracy-vs-sparsity'}",
        "recipes.real.length='69it'",  # 3 epochs of 23
        "recipes.real.schedule.at=['46it','40it']",
        "model={name='convnet',depth=2}",
        "networks.imp[0].rewind='0ep20it'",
    ],
)
def test_neutral_fields_and_other_spellings_change_no_id(rich, change):
    assert set(plan_of(RICH, change).tasks) == set(rich.tasks)


@pytest.mark.parametrize(
    "change",
    [
        "networks.imp[0].rounds=3",
        "networks.layer[0].rounds=5",
        "replicates=3",
        "measures.stability.at=['rewind',2,'30it']",
        "measures.stability.copies=4",
        "measures.more={kind='stability',levels=['dense',1],points=5}",
        "networks.another=[{data='real',rounds=1,fraction=0.5}]",
        "measures.stability.levels=['dense',1,'last']",
        "networks.more=[{data='dm',rounds=1}]",
    ],
)
def test_adding_measures_levels_rounds_replicates_leaves_all_old_ids(rich, change):
    fixed = ("measures.stability.levels=['dense',1]", "measures.other.levels=[1]")
    before, grown = plan_of(RICH, *fixed), plan_of(RICH, *fixed, change)
    assert set(before.tasks) < set(grown.tasks)


def test_twenty_five_rounds_are_the_first_of_thirty():
    text = FIG7.partition("stability =")[0]
    assert set(plan_of(text, "replicates=1").tasks) < set(
        plan_of(text, "replicates=1", "networks.imp[0].rounds=30").tasks
    )


def test_tasks_come_after_what_they_need(rich):
    seen: set[str] = set()
    for identifier, task in rich.tasks.items():
        assert {source for _, source in task.inputs} <= seen
        seen.add(identifier)


def test_a_plan_is_the_same_every_time():
    first, second = plan_of(TINY), plan_of(TINY)
    assert list(first.tasks) == list(second.tasks)
    assert first.targets == second.targets

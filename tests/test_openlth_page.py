"""docs/openlth.md: every option of `open_lth.py lottery --help` is answered, and every line of a spec compiles."""

import re
from pathlib import Path

import pytest
import tomli

from lmcspec.plan import compile_study
from lmcspec.spec import load
from lmcspec.spec.load import Loaded

PAGE = (Path(__file__).parents[1] / "docs" / "openlth.md").read_text()
BASE = """
study = "migrated"
dataset = "digits"
model = "lenet-300-100"
recipes.real = { length = "10ep", batch = 32, optimiser = { name = "sgd", lr = 0.1 } }
networks.imp = [{ rounds = 1 }]
measures.accuracy = {}
"""
CIFAR = 'dataset = { name = "cifar10", root = "/nowhere" }'
OPTIONS = [
    "replicate",
    "default_hparams",
    "quiet",
    "evaluate_only_at_end",
    "display_output_location",
    "platform",
    "num_workers",
    "levels",
    "rewinding_steps",
    "pretrain",
    "dataset_name",
    "batch_size",
    "do_not_augment",
    "transformation_seed",
    "subsample_fraction",
    "random_labels_fraction",
    "unsupervised_labels",
    "blur_factor",
    "model_name",
    "model_init",
    "batchnorm_init",
    "batchnorm_frozen",
    "output_frozen",
    "others_frozen",
    "others_frozen_exceptions",
    "optimizer_name",
    "lr",
    "training_steps",
    "data_order_seed",
    "momentum",
    "nesterov_momentum",
    "milestone_steps",
    "gamma",
    "warmup_steps",
    "weight_decay",
    "apex_fp16",
    "pruning_strategy",
    "pruning_fraction",
    "pruning_layers_to_ignore",
    "pretrain_training_steps",
    "pretrain_dataset_name",
    "pretrain_lr",
]
"""What its parsers take, by their own names."""
BRANCHES = ("randomly_prune", "randomly_reinitialize", "retrain")
ASSIGNMENT = re.compile(r"`([a-z][a-z0-9_.-]* = (?:[^`]+))`")


def rows() -> list[tuple[str, str]]:
    """The two cells of every row of the tables that answer something."""
    part = PAGE[PAGE.index("## Every option") : PAGE.index("## What it can do")]
    lines = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| there")]
    found = []
    for line in lines:
        there, here = line.strip("| ").split(" | ", 1)
        found.append((there, here))
    return found


def fitting(lines: list[str]) -> list[str]:
    """The base's data set made to fit the model that the lines name."""
    written = " ".join(lines)
    own = any(line.startswith("dataset = ") for line in lines)
    if own or not re.search(r'"(resnet|vgg|cifar-)', written):
        return (
            []
            if own or "imagenet-resnet" not in written
            else ['dataset = { name = "imagenet", root = "/nowhere", resize = 256, crop = 224 }']
        )
    return [CIFAR]


def compiled(*lines: str) -> Loaded:
    loaded = load(Path("study.toml"), [*fitting(list(lines)), *lines], text=BASE)
    compile_study(loaded)
    return loaded


def groups() -> list[tuple[str, list[str]]]:
    """Lines that are said together; where a cell sets one path several times they are alternatives."""
    found = []
    for there, here in rows():
        together: dict[str, str] = {}
        for line in ASSIGNMENT.findall(here):
            path = line.split(" = ")[0]
            if path in together:
                found.append((there, list(together.values())))
                together = {}
            together[path] = line
        if together:
            found.append((there, list(together.values())))
    return found


def test_the_page_has_what_the_tests_look_for():
    assert len(rows()) > 65 and len(groups()) > 60


@pytest.mark.parametrize(("there", "lines"), groups(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_line_compiles(there, lines):
    for line in lines:
        tomli.loads(line)
    compiled(*lines)


def test_every_option_is_answered():
    answered = " ".join(there for there, _ in rows())
    missing = [name for name in OPTIONS if not re.search(rf"--{name}\b(?!_)", answered)]
    assert not missing
    assert all(branch in answered for branch in BRANCHES)
    for there, here in rows():
        assert len(here) > 12, there


def test_what_is_not_here_says_so():
    for there, here in rows():
        lines = ASSIGNMENT.findall(here)
        says = "not here" in here or "nothing" in here or lines
        told = re.search(
            r"lmcspec explain|--store|CUDA_VISIBLE|baselines|metric|columns|`-q`|hash|out/|the same|without `rewind`",
            here,
        )
        assert says or told, there


def example(kind: str) -> str:
    part = PAGE[PAGE.index("## A whole example") : PAGE.index("## Every option")]
    return part.split(f"```{kind}\n", 1)[1].split("```", 1)[0]


def test_the_whole_example_is_what_their_line_says():
    loaded = load(Path("lenet-mnist.toml"), text=example("toml"))
    plan = compile_study(loaded)
    study = loaded.cases[0].study
    assert study.replicates == 3
    recipe = study.recipes["real"]
    assert (str(recipe.length), recipe.batch, recipe.optimiser.lr, recipe.optimiser.name) == ("40ep", 128, 0.1, "sgd")
    assert [level.density for level in plan.levels["", "imp"]] == pytest.approx([0.8**n for n in range(11)])
    # 469 batches an epoch; levels from 1 on begin at iteration 500 and end where the dense training does.
    trainings = [task.params for task in plan.counted if task.kind == "train"]
    assert {(one.begin, one.until) for one in trainings if one.until == 40 * 469} == {(0, 18760), (500, 18760)}
    ends = [one for one in plan.targets if one.through is None]
    assert len(ends) == 3 * (11 + 11)
    first = [one.through for one in plan.targets if (one.network, one.replicate, one.level) == ("imp", 0, 1)]
    assert first == [500, *range(938, 18760, 469), None]


def test_how_many_are_left_with_ignored_layers():
    """`--pruning_layers_to_ignore`: 32 % more survivors at level 20, as the page has it."""
    total, last = 266_200, 1_000
    theirs, ours = total * 0.8**20, last + (total - last) * 0.8**20
    assert f"{ours:,.0f} for {theirs:,.0f}" in PAGE
    assert f"{ours / theirs - 1:.0%}".replace("%", " %") in PAGE
    densities = {}
    for more in ("", ', fraction_of = "all"'):
        loaded = compiled(
            'dataset = { name = "mnist", root = "/nowhere" }',
            f'networks.imp = [{{ rounds = 20, exclude = ["classifier"]{more} }}]',
        )
        densities[more] = compile_study(loaded).levels["", "imp"][20].density
    assert densities[""] * total == pytest.approx(ours)
    assert densities[', fraction_of = "all"'] * total == pytest.approx(theirs)


def test_a_share_is_the_count_that_stands_there():
    assert round(0.1 * 1437) == 144 and "train = 144" in PAGE

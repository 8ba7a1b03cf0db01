"""A study in words: every number of every spec that ships is one of its plan, and each way to prune has its words."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from papers_for_tests import Specs
from specs_for_tests import SEVEN_UPDATES
from stores_for_tests import put

from lmcspec.base.errors import UsageError
from lmcspec.plan import Plan, compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.plan.simulate import Slots
from lmcspec.plan.study_words import StudyWords, study_words
from lmcspec.spec import load
from lmcspec.spec.shipped_specs import shipped_specs
from lmcspec.store import Store

SPECS = Specs(Path(__file__).parents[2] / "specs")
NAMES = [spec.name for spec in shipped_specs()]


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


@cache
def told(name: str) -> StudyWords:
    loaded, plan = SPECS.loaded(name), SPECS.planned(name)
    return study_words(loaded, loaded.cases[-1], outlook(plan, None), Slots(2))


def number(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text)
    return None if match is None else int(match[1].replace(",", ""))


def tasks_of(plan: Plan, case: str, members: tuple[str, ...]) -> set[str]:
    """The tasks under the numbers of some networks, by a walk of the test's own."""
    waiting = [
        task
        for target in plan.targets
        if target.case == case and target.network in members
        for task in (target.task, target.mask)
    ]
    reached = set()
    while waiting:
        task = waiting.pop()
        if task is not None and task not in reached:
            reached.add(task)
            waiting += [*(source for _, source in plan.tasks[task].inputs), plan.byproducts.get(task)]
    return {task for task in reached if task not in plan.byproducts}


def counts_are_those_of_the_plan(name: str) -> None:
    words, plan = told(name), SPECS.planned(name)
    first, *_ = words.cost.lines("here")
    kinds = SPECS.counts(name)
    assert number(r"^([\d,]+) tasks", first) == words.cost.tasks == kinds.total()
    assert (number(r"([\d,]+) trainings", first) or 0) == kinds["train"] + kinds["distilled"]
    assert (number(r"([\d,]+) of them on distilled", first) or 0) == kinds["distilled"]
    for kind, count in kinds.items():
        if kind not in ("train", "distilled"):
            assert re.search(rf"\b{count:,} {kind}\b", first), kind
    view = outlook(plan, None)
    images = sum(cost.work.images for cost in view.costs.values())
    assert number(r"([\d,]+) training images", first) == images
    assert list(words.cost.lines("here"))[1] == "none of them is in the store here"


def networks_are_those_of_the_plan(name: str) -> None:
    words, plan, case = told(name), SPECS.planned(name), SPECS.loaded(name).cases[-1]
    assert sorted(member for network in words.networks for member in network.members) == sorted(case.study.networks)
    tasks = {network.name: tasks_of(plan, case.name, network.members) for network in words.networks}
    for network in words.networks:
        levels = plan.levels[case.name, network.members[0]]
        assert network.levels == levels[-1].number
        if network.levels:
            assert f"Levels 0 to {network.levels}, {levels[-1].shown} sparse at the last." in network.text
        else:
            assert "sparse at the last" not in network.text
        mine = tasks[network.name]
        assert network.tasks == len(mine)
        assert (number(r"rest on ([\d,]+) task", network.text) or 0) == len(mine)
        shared = {other: len(mine & theirs) for other, theirs in tasks.items() if other != network.name}
        assert network.shared == {other: count for other, count in shared.items() if count}
        for count, other in re.findall(r"([\d,]+) with ([^\s,]+)", network.text.partition("it shares")[2]):
            assert shared[other.rstrip(".")] == int(count.replace(",", ""))
        spans = re.findall(r"Stage \d+, levels? (\d+)(?: to (\d+))?", network.text)
        covered = [level for first, last in spans for level in range(int(first), int(last or first) + 1)]
        assert covered in ([], list(range(1, network.levels + 1)))
    assert f" on {case.study.dataset.name}: " in words.sentence


def measures_are_those_of_the_plan(name: str) -> None:
    words, plan, case = told(name), SPECS.planned(name), SPECS.loaded(name).cases[-1]
    assert [measure.name for measure in words.measures] == list(case.study.measures)
    for measure in words.measures:
        targets = [target for target in plan.targets if (target.case, target.measure) == (case.name, measure.name)]
        tasks = {target.task for target in targets}
        assert (measure.numbers, measure.tasks) == (len(targets), len(tasks))
        assert (number(r"([\d,]+) numbers? from", measure.text) or 0) == len(targets)
        assert (number(r"from ([\d,]+) tasks?\.$", measure.text) or 0) == len(tasks)
    assert [figure for figure, _ in words.figures] == list(case.study.figures)
    assert [name for name, _ in words.sets] == list(case.study.distilled)
    assert {way.partition("[")[0] for way in case.study.permutations} == {
        way.partition("[")[0] for way, _ in words.permutations
    }
    assert words.cases == tuple(case.name for case in SPECS.loaded(name).cases)
    everything = [line for _, lines in words.parts("here") for line in lines]
    assert all(everything) and not any("None" in line or "Step(" in line for line in everything)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_one_of_its_plan(name):
    """In one test, so that each spec is planned once, whoever runs it."""
    counts_are_those_of_the_plan(name)
    networks_are_those_of_the_plan(name)
    measures_are_those_of_the_plan(name)


def study(networks: str, more: str = "", *sets: str, store: Store | None = None) -> StudyWords:
    text = f"{SEVEN_UPDATES}\n{more}\n[networks]\n{networks}\n[measures]\naccuracy = {{}}\n"
    loaded = load(Path("study.toml"), sets, text=text)
    return study_words(loaded, loaded.cases[0], outlook(compile_study(loaded), store), Slots(1))


IMP = "dense = []\nimp = [{ rounds = 2, fraction = 0.5 }]\n"


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("rounds = 2, fraction = 0.5", "IMP on digits by `real`, two rounds of 50% of what is left; every level rewinds to the initialisation"),
        ('rounds = 1, sparsity = 0.9, criterion = "snip"', "One-shot snip pruning on digits by `real`, one round of 90% of what is left; snip trains nothing between rounds"),
        ('rounds = 2, rewind = "2it"', "every level rewinds to 2it of the dense training"),
        ('rounds = 2, start = "trained", schedule_from = "2it"', "goes on from the weights that were pruned, with the schedule from 2it on"),
        ('rounds = 2, scope = "layer"', "Iterative magnitude pruning on digits by `real`, two rounds of 20% of what is left; each layer gives the same share"),
        ('rounds = 2, exclude = ["classifier"]', "classifier is never pruned"),
        ('rounds = 2, restore = "prunable"', "rewinds to the initialisation, biases and norms left as trained"),
        ("rounds = 2, iterative = false", "Magnitude pruning of one trained network to several levels"),
        ("rounds = 2, sparsity = 0.7, exact = true", "the last round to exactly 70.0%"),
    ],
)  # fmt: skip
def test_a_stage_in_words(stage, says):
    (words,) = study(f"net = [{{ {stage} }}]").networks
    assert says in words.text


GIVEN = """
[weights]
start = { load = "start.pt" }
early = { load = "early{replicate}.pt", step = "3it", rename = { fc = "classifier" } }
[masks]
ticket = { load = "ticket.safetensors" }
"""


@pytest.mark.parametrize(
    ("stages", "sentence", "says"),
    [
        ('{ weights = "start" }', "the weights `start` from a file", "Starts with the weights `start` from a file; trained on digits by `real`, never pruned."),
        ('{ weights = "early", rounds = 2 }', "IMP on the weights `early` for two rounds to 36.0% sparsity", "Starts with the weights `early` from a file, trained to 3it; IMP on digits by `real`, two rounds of 20% of what is left; every level rewinds to the weights `early`."),
        ('{ weights = "start", rounds = 2, rewind = "2it" }', "IMP on the weights `start` for two rounds from 2it to 36.0% sparsity", "every level rewinds to 2it of the dense training"),
        ('{ mask = "ticket" }', "the mask `ticket` from a file", "The mask `ticket` from a file in the place of pruning, trained on digits by `real`; every level rewinds to the initialisation."),
        ('{ mask = "ticket" }, { sparsity = 0.9 }', "the mask `ticket` from a file, then IMP to 90.0% sparsity (net)", "Stage 2, level 2: IMP on digits by `real` to 90.0% sparsity in as many rounds as it takes; every level rewinds to the initialisation. Levels 0 to 2, of which nobody knows yet how sparse they are."),
        ('{ weights = "start", mask = "ticket" }, { rounds = 1 }', "the mask `ticket` from a file on the weights `start`", "starts with the weights `start` from a file; the mask `ticket` from a file in the place of pruning, trained on digits by `real`; every level rewinds to the weights `start`. Stage 2, level 2: one-shot magnitude pruning"),
    ],
)  # fmt: skip
def test_weights_and_masks_from_files_in_words(stages, sentence, says):
    words = study(f"net = [{stages}]", GIVEN)
    assert says in words.networks[0].text
    assert words.sentence.startswith(f"mlp on digits: {sentence}")
    assert words.weights == (
        ("start", "from start.pt, not trained."),
        ("early", "from early{replicate}.pt, one for each replicate, its fc as classifier, trained to 3it."),
    )
    assert words.masks == (("ticket", "from ticket.safetensors."),)
    assert {"weights", "masks"} <= {heading for heading, _ in words.parts("here")}
    if "mask" in stages:
        assert "magnitude" not in sentence + words.networks[0].text.partition("Stage 2")[0]


def test_the_study_of_the_page_on_files_of_tensors_in_words():
    page = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text(encoding="utf-8")
    text = next(block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[weights]" in block)
    loaded = load(Path("study.toml"), text=text)
    words = study_words(loaded, loaded.cases[0], outlook(compile_study(loaded), None), Slots(1))
    assert [network.name for network in words.networks] == ["imp", "late", "tuned", "ticket", "fresh"]
    assert [name for name, _ in words.weights] == ["start", "early", "done"]


@pytest.mark.parametrize(
    ("like", "says"),
    [
        ('mask = "shuffled"', "The masks of imp level by level, shuffled within each layer, on the weights to which that rewinds."),
        ('mask = "even"', "drawn anew with equal shares of each layer"),
        ('weights = "reinitialised"', "The masks of imp level by level, on weights drawn anew."),
    ],
)  # fmt: skip
def test_a_baseline_in_words(like, says):
    *_, words = study(f'{IMP}other = {{ like = "imp", {like} }}').networks
    assert says in words.text


def test_the_sentence_is_that_of_papers():
    distilled = '[recipes.distilled]\nextends = "real"\nlength = "2ep"\n[distilled]\ndm10 = { method = "dm", ipc = 10 }'
    networks = 'imp = [{ rounds = 3 }]\nstable = [{ data = "dm10", rounds = 2 }, { rounds = 3, rewind = "2it" }]'
    words = study(networks, distilled, "replicates=3", 'measures.stability={at=[0,"2it"],levels=["last"],points=3}')
    assert words.sentence == (
        "mlp on digits: mask from distilled digits at 10 ipc, 36.0% sparsity, then IMP for three rounds from 2it "
        "to 67.2% sparsity (stable), beside imp; stability at k = 0, 2it and accuracy; three replicates"
    )
    assert study("dense = []").sentence == "mlp on digits: dense networks; accuracy; one replicate"
    assert words.sets[0][1].startswith("10 images per class of digits made by dm (distribution matching")


def test_a_study_that_measures_nothing_is_refused_as_plan_refuses_it():
    loaded = load(Path("study.toml"), text=f"{SEVEN_UPDATES}[networks]\n{IMP}")
    with pytest.raises(UsageError, match="measures nothing"):
        study_words(loaded, loaded.cases[0], outlook(compile_study(loaded), None), Slots(1))


def test_who_has_the_dense_training_in_common():
    words = study(f'{IMP}other = {{ like = "imp", weights = "reinitialised" }}')
    assert words.dense == (("dense", "imp", "other"),), "before anything is pruned there is nothing to draw anew"


def test_a_family_and_a_sweep_are_said_to_be_such():
    words = study(
        'imp = [{ rounds = 2, rewind = { each = [0, "2it", "3it"] } }]', '[sweep]\ngrid = { "replicates" = [1, 2] }'
    )
    (imp,) = words.networks
    assert imp.text.startswith("A family of 3 over rewind = 0, 2it, 3it; what follows is told of imp[rewind=0].")
    (_, head), *_ = words.parts("here")
    assert head[-1] == "A sweep of 2 cases: replicates=1, replicates=2. What follows is told of replicates=1 (--case)."


def test_what_is_there_and_what_is_left(tmp_path):
    store = Store.open(tmp_path / "store")
    loaded = load(Path("study.toml"), text=f"{SEVEN_UPDATES}[networks]\n{IMP}[measures]\naccuracy = {{}}\n")
    plan = compile_study(loaded)
    put(store, plan.roles["dense/s0/l0/train"], size=5000)
    words = study_words(loaded, loaded.cases[0], outlook(plan, store), Slots(1))
    taken = sum(file.stat().st_size for file in store.root.glob("objects/*/*/**/*") if file.is_file())
    assert (words.cost.there, words.cost.bytes) == (1, taken)
    _, there, *left = words.cost.lines("here")
    assert there.startswith("one of them is in the store here (")
    assert left[0].startswith("work: ")
    assert Counter(task.kind for task in plan.counted).total() == words.cost.tasks

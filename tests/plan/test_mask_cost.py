"""What finding masks takes, against numbers worked out by hand and against loops over the tasks."""

from pathlib import Path

import pytest
import torch
from specs_for_tests import FIG7, plan_of

from lmcspec.plan import compile_study
from lmcspec.plan.mask_cost import MaskCost, Seen, mask_costs
from lmcspec.plan.mask_words import mask_documents, mask_lines
from lmcspec.science.data.distilled.published import write_published
from lmcspec.spec import load

PERFORMANCE = Path(__file__).parents[2] / "specs" / "distilled" / "performance.toml"
DIGITS = 1437
"""Images of digits that are trained on: 23 batches of 64."""
ACCURACY_ONLY = FIG7.partition("stability =")[0]


def small(networks: str, sets: str = "", more: str = "") -> str:
    """A study on digits with ten epochs on real and distilled images."""
    return f"""
study = "small"
replicates = 2
dataset = "digits"
model = {{ name = "mlp", widths = [8] }}
[recipes]
real = {{ length = "10ep", batch = 64, optimiser = {{ name = "sgd", lr = 0.1 }}{more} }}
distilled = {{ length = "10ep", batch = 8, optimiser = {{ name = "sgd", lr = 0.1 }} }}
[distilled]
{sets}
[networks]
{networks}
[measures]
accuracy = {{}}
"""


def by_level(plan, network: str, case: str = "") -> dict[int, Seen]:
    return {one.level: one.seen for one in mask_costs(plan, case) if one.network == network}


def unpacked(plan, network: str) -> dict[int, int]:
    return {level: seen.unpacked for level, seen in by_level(plan, network).items()}


# ------------------------------------------------------------------ the papers' numbers


@pytest.fixture(scope="module")
def papers():
    return compile_study(load(PERFORMANCE))


@pytest.mark.parametrize("case", ["c10-r18-10ipc", "c10-r18-wide-10ipc"])
def test_a_mask_from_ten_packed_images_per_class_takes_a_150th_or_a_37th_of_imp(papers, case):
    imp, syn = by_level(papers, "imp", case), by_level(papers, "syn", case)
    assert list(imp) == list(syn) == list(range(1, 11))
    for level in imp:
        # 300 epochs of 50,000 images; 1,000 epochs of 100 images of 2 x 2 tiles
        assert imp[level] == Seen(level * 15_000_000, level * 15_000_000, 0, level * 300 * 782)
        assert (syn[level].unpacked, syn[level].stored) == (level * 400_000, level * 100_000)
        assert imp[level].unpacked / syn[level].stored == 150
        assert imp[level].unpacked / syn[level].unpacked == 37.5


def test_making_the_papers_set_took_more_than_imp(papers):
    (making,) = {seen.making for seen in by_level(papers, "syn", "c10-r18-10ipc").values()}
    (set_,) = {dict(task.inputs)["data"] for task in papers.tasks.values() if "data" in dict(task.inputs)}
    how = papers.tasks[set_].params.method.value
    # 64 images of each class for every step, and 32 batches of 64, the first to reach 2,000, between two of them
    matched = how["networks"] * how["inner"] * 10 * 64
    assert making == matched + how["networks"] * (how["inner"] - 1) * 32 * 64 == 533_504_000


def test_as_a_line_for_each_case(papers):
    said = "to find the last mask: imp 150 M images; syn 4 M unpacked, 1 M as stored, and 534 M to make its set"
    assert list(mask_lines(papers)) == [f"c10-r18-10ipc: {said}", f"c10-r18-wide-10ipc: {said}"]


def test_as_plain_data(papers):
    documents = mask_documents(papers)
    assert len(documents) == 2 * 2 * 10
    assert documents[9] | {"sparsity": None} == {
        "case": "c10-r18-10ipc",
        "network": "imp",
        "level": 10,
        "sparsity": None,
        "unpacked": 150_000_000,
        "stored": 150_000_000,
        "making": 0,
        "files": [],
    }
    assert documents[9]["sparsity"] == pytest.approx(1 - 0.8**10)


# ------------------------------------------------------------------ by a loop over the tasks


def by_a_loop(plan, mask: str) -> int:
    """The images of whole epochs, found from the last task to the first."""
    wanted, images = {mask}, 0
    for task in reversed(plan.tasks.values()):
        wanted |= {source for _, source in task.inputs if task.id in wanted}
    for task in (plan.tasks[one] for one in wanted if plan.byproducts.get(one) not in wanted):
        if task.kind == "train":
            batches, size = (2, 100) if "data" in dict(task.inputs) else (23, DIGITS)
            images += (task.params.until - task.params.begin) // batches * size
    return images


@pytest.mark.parametrize("carry", [(), ('recipes.real.optimiser_state="carry"',)])
def test_every_mask_of_the_printed_figure(carry):
    plan = plan_of(ACCURACY_ONLY, *carry)
    found = {(one.network, one.level): one.seen for one in mask_costs(plan)}
    masks = {(one.network, one.level): one.mask for one in plan.targets if one.mask and one.replicate == 3}
    assert set(found) == set(masks) and len(masks) == 25 + 25 + 3 * 33
    assert {place: seen.unpacked for place, seen in found.items()} == {
        place: by_a_loop(plan, mask) for place, mask in masks.items()
    }


def test_the_printed_figure_in_closed_form():
    plan = plan_of(ACCURACY_ONLY)
    assert unpacked(plan, "imp") == {level: level * 300 * DIGITS for level in range(1, 26)}
    # the state after three epochs is passed by the dense training, from which all later ones start
    later = {level: (300 + (level - 1) * 297) * DIGITS for level in range(1, 26)}
    assert unpacked(plan, "imp-k3") == later
    stable = {level: min(level, 8) * 1000 * 100 + max(level - 8, 0) * 300 * DIGITS for level in range(1, 34)}
    assert unpacked(plan, "stable") == stable
    assert by_level(plan, "shuffled") == by_level(plan, "reinit") == by_level(plan, "stable")
    # every step of distribution matching sees 256 images of each class, and there are fewer
    assert {seen.making for seen in by_level(plan, "stable").values()} == {20_000 * DIGITS}
    assert list(mask_lines(plan)) == [
        "to find the last mask: imp 10.8 M images; imp-k3 10.7 M images; "
        "stable, shuffled, reinit 11.6 M images, and 28.7 M to make its set"
    ]


# ------------------------------------------------------------------ what is shared and what is not


def test_cut_from_the_dense_end_every_mask_takes_one_training():
    plan = plan_of(small("imp = [{ rounds = 4, iterative = false }]"))
    assert set(unpacked(plan, "imp").values()) == {10 * DIGITS}


def test_a_state_that_no_training_beneath_passes_is_trained_for():
    plan = plan_of(small('later = [{ rounds = 1, rewind = 3, criterion = { name = "snip", per_class = 7 } }]'))
    # The dense network, which is measured, passes it; but the mask does not rest on that.
    assert len(plan.byproducts) == 2
    assert unpacked(plan, "later") == {1: 3 * DIGITS + 7 * 10}


def test_of_two_states_of_one_branch_the_later_one_passes_the_other():
    stages = ", ".join(f'{{ rounds = 1, criterion = "snip", rewind = {k}, rewind_of = "dense" }}' for k in (2, 5))
    plan = plan_of(small(f"later = [{stages}]"))
    assert unpacked(plan, "later") == {1: 2 * DIGITS + 100, 2: 5 * DIGITS + 200}


def test_masks_that_look_at_nothing():
    plan = plan_of(small('random = [{ rounds = 3, criterion = "random" }]\nimp = [{ rounds = 1 }]'))
    assert set(by_level(plan, "random").values()) == {Seen()}
    assert list(mask_lines(plan)) == ["to find the last mask: random none; imp 14,370 images"]


def test_without_masks_nothing_is_said():
    plan = plan_of(small("dense = []"))
    assert list(mask_lines(plan)) == mask_documents(plan) == []


def test_measured_levels_only():
    text = small("imp = [{ rounds = 4 }]").replace("accuracy = {}", "accuracy = { levels = [0, 2, 3] }")
    plan = plan_of(text)
    assert unpacked(plan, "imp") == {2: 20 * DIGITS, 3: 30 * DIGITS}
    (last,) = mask_costs(plan, last=True)
    assert last == MaskCost("", "imp", 3, 1 - plan.levels["", "imp"][3].density, by_level(plan, "imp")[3])


def test_a_family_as_one():
    networks = "imp = [{ rounds = 4, rewind = { each = [0, 1, 5] } }]\nshuffled = { like = 'imp', mask = 'shuffled' }"
    said = f"{(10 + 3 * 5) * DIGITS:,} to {40 * DIGITS:,} images"
    assert list(mask_lines(plan_of(small(networks)))) == [f"to find the last mask: imp (3), shuffled (3) {said}"]


# ------------------------------------------------------------------ distilled sets


def test_experts_count_once_however_many_sets_follow_them():
    mtt = '{ method = "mtt", ipc = IPC, latest = 2, experts = { count = 3, epochs = 4 } }'
    sets = "\n".join(f"{name} = {mtt.replace('IPC', ipc)}" for name, ipc in (("one", "1"), ("two", "2")))
    plan = plan_of(small('both = [{ data = "one", rounds = 1 }, { data = "two", rounds = 1 }]', sets))
    # three experts of four epochs; ten epochs on ten images, then on twenty
    assert by_level(plan, "both") == {
        1: Seen(100, 100, 3 * 4 * DIGITS, 20),
        2: Seen(300, 300, 3 * 4 * DIGITS, 50),
    }


def test_real_images_took_nothing_to_choose():
    plan = plan_of(small('syn = [{ data = "few", rounds = 1 }]', 'few = { method = "random-images", ipc = 1 }'))
    assert by_level(plan, "syn") == {1: Seen(100, 100, 0, 20)}
    assert list(mask_lines(plan)) == ["to find the last mask: syn 100 images"]


def test_another_data_set_was_not_made():
    sets = 'other = { dataset = { name = "digits", split = { train = 100 } } }'
    plan = plan_of(small('other = [{ data = "other", rounds = 2 }]', sets))
    assert by_level(plan, "other") == {1: Seen(1000, 1000, 0, 130), 2: Seen(2000, 2000, 0, 260)}


@pytest.mark.parametrize("there", [True, False])
def test_nobody_says_what_a_file_took_to_make(tmp_path, there):
    file = tmp_path / "data.pt"
    if there:
        write_published(file, "idc", torch.rand(20, 1, 8, 8), torch.arange(10).repeat_interleave(2))
    sets = f'syn = {{ load = "{file}", space = "raw", ipc = 2, factor = 2 }}'
    plan = plan_of(small('syn = [{ data = "syn", rounds = 2 }]', sets))
    assert by_level(plan, "syn") == {1: Seen(800, 200, None, 100), 2: Seen(1600, 400, None, 200)}
    assert list(mask_lines(plan)) == ["to find the last mask: syn 1,600 unpacked, 400 as stored, its set from a file"]


def test_scores_on_packed_images_count_as_trainings_do():
    sets = 'syn = { method = "idc", ipc = 2, networks = 1, inner = 1, batch = 8 }'
    criterion = '{ name = "snip", per_class = 6, iterations = 3 }'
    text = small(f'syn = [{{ data = "syn", rounds = 1, criterion = {criterion} }}]', sets)
    plan = plan_of(text.replace('"mlp", widths = [8]', '"convnet", depth = 1, width = 4'))
    assert by_level(plan, "syn") == {1: Seen(180, 45, 80)}


# ------------------------------------------------------------------ masks and weights from files


@pytest.mark.parametrize(
    ("network", "seen", "says"),
    [
        ('[{ mask = "m" }]', Seen(files=("mask",)), "unknown, the mask from a file"),
        ('[{ mask = "m", weights = "late" }]', Seen(files=("mask",)), "unknown, the mask from a file"),
        ('[{ mask = "m" }, { rounds = 1 }]', Seen(14370, 14370, 0, 230, ("mask",)), "14,370 images, without what the mask from a file took"),
        ('[{ weights = "early", rounds = 1 }]', Seen(14370, 14370, 0, 230), "14,370 images"),
        ('[{ weights = "late", rounds = 1 }]', Seen(14370 // 2, 14370 // 2, 0, 115, ("weights",)), "7,185 images, without what the weights from a file took"),
        ('[{ weights = "late", mask = "m" }, { rounds = 1 }]', Seen(14370 // 2, 14370 // 2, 0, 115, ("mask", "weights")), "7,185 images, without what the mask and weights from a file took"),
    ],
)  # fmt: skip
def test_nobody_says_what_a_mask_or_weights_from_a_file_took(network, seen, says):
    tables = '[weights]\nearly = { load = "no.pt" }\nlate = { load = "no.pt", step = "5ep" }\n[masks]\nm = { load = "no.pt" }\n'
    plan = plan_of(small(f"net = {network}").replace("[networks]", f"{tables}[networks]"))
    costs = by_level(plan, "net")
    assert costs[max(costs)] == seen
    assert list(mask_lines(plan)) == [f"to find the last mask: net {says}"]
    assert mask_documents(plan)[-1]["files"] == list(seen.files)

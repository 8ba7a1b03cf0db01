"""A family of permutations, networks or recipes is what each of its members would be, written out by hand."""

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from specs_for_tests import SEVEN_UPDATES, plan_of

HEAD = f"replicates = 4\npartners = 2\n{SEVEN_UPDATES}"


def listed(values: list[str]) -> str:
    return f"{{ each = [{', '.join(values)}] }}"


def with_families(rewinds: list[str], steps: list[str], kernels: list[str]) -> str:
    return f"""
        [networks]
        dense = []
        imp = [{{ rounds = 2, rewind = {listed(rewinds)} }}]
        own = {{ like = "imp", mask_from = "partner", under = "ss" }}
        every = {{ like = "imp", mask_from = "partner", under = "wt" }}
        [permutations]
        wt = {{ method = "weights", network = "dense", step = {listed(steps)} }}
        ss = {{ method = "weights", network = "imp", level = "same", kernel = {listed(kernels)} }}
        [measures]
        accuracy = {{ networks = ["own", "every"] }}
        way = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wt"], through = "2it" }}
        sparse = {{ kind = "connectivity", networks = ["imp", "own"], levels = "all", under = ["none", "wt", "ss"] }}
    """


def by_hand(rewinds: list[str], steps: list[str], kernels: list[str]) -> str:
    """The same with a name for everything: numbers of rewind points, of steps and of kernels."""
    networks, permutations, measures = ["dense = []"], [], []
    wts = [f"wt-{t}" for t in range(len(steps))]
    for t, step in enumerate(steps):
        permutations.append(f'wt-{t} = {{ method = "weights", network = "dense", step = {step} }}')
    for r, rewind in enumerate(rewinds):
        networks.append(f"imp-{r} = [{{ rounds = 2, rewind = {rewind} }}]")
        sss = [f"ss-{k}-{r}" for k in range(len(kernels))]
        for k, kernel in enumerate(kernels):
            rest = f'network = "imp-{r}", level = "same", kernel = {kernel}'
            permutations.append(f'ss-{k}-{r} = {{ method = "weights", {rest} }}')
        carried = {f"own-{k}-{r}": f"ss-{k}-{r}" for k in range(len(kernels))}
        for k in range(len(kernels)):
            ways = ", ".join(f'"{way}"' for way in ("none", *wts, f"ss-{k}-{r}"))
            what = f'kind = "connectivity", networks = ["own-{k}-{r}"], levels = "all", under = [{ways}]'
            measures.append(f"sparse-own-{k}-{r} = {{ {what} }}")
        carried |= {f"every-{r}-{t}": f"wt-{t}" for t in range(len(steps))}
        for name, under in carried.items():
            networks.append(f'{name} = {{ like = "imp-{r}", mask_from = "partner", under = "{under}" }}')
        every = ", ".join(f'"{name}"' for name in carried)
        measures.append(f'accuracy-{r} = {{ kind = "accuracy", networks = [{every}] }}')
        ways = ", ".join(f'"{way}"' for way in ("none", *wts, *sss))
        what = f'kind = "connectivity", networks = ["imp-{r}"], levels = "all", under = [{ways}]'
        measures.append(f"sparse-{r} = {{ {what} }}")
    ways = ", ".join(f'"{way}"' for way in ("none", *wts))
    what = f'kind = "connectivity", networks = ["dense"], levels = ["dense"], under = [{ways}], through = "2it"'
    measures.append(f"way = {{ {what} }}")
    tables = {"networks": networks, "permutations": permutations, "measures": measures}
    return "".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in tables.items())


PLAIN = """
[networks]
dense = []
imp = [{ rounds = 1 }]
ours = { like = "imp", mask_from = "partner", under = "wm" }
[permutations]
wm = { method = "weights", network = "dense" }
ss = { method = "weights", network = "imp", level = "same" }
[measures]
accuracy = { networks = ["ours", "imp"] }
conn = { kind = "connectivity", networks = ["dense", "imp", "ours"], levels = "all", under = ["none", "wm", "ss"] }
fp = { kind = "fixed-points", between = ["wm", "ss"] }
"""


def test_a_family_of_recipes_is_a_study_of_each():
    rates = ("0.1", "0.3")
    alone = [plan_of(HEAD + PLAIN, f"recipes.real.optimiser.lr={rate}") for rate in rates]
    together = plan_of(HEAD + PLAIN, f"recipes.real.optimiser.lr={{ each = [{', '.join(rates)}] }}")
    assert set(together.tasks) == {task for plan in alone for task in plan.tasks}
    assert sorted(target.task for target in together.targets) == sorted(
        target.task for plan in alone for target in plan.targets
    )


def test_a_baseline_of_one_recipe_is_trained_with_it():
    lr = "recipes.real.optimiser.lr={ each = [0.1, 0.3] }"
    networks = '[networks]\ndense = []\nimp = [{ rounds = 1 }]\none = { like = "LIKE", mask = "shuffled" }\n'
    measure = '[measures]\naccuracy = { networks = ["one"], levels = ["last"] }\n'
    plan = plan_of(HEAD + networks.replace("LIKE", "imp[lr=0.3]") + measure, lr)
    by_hand = plan_of(HEAD + networks.replace("LIKE", "imp") + measure, "recipes.real.optimiser.lr=0.3")
    assert set(plan.tasks) == set(by_hand.tasks)


@settings(max_examples=examples(0.1))
@given(
    st.lists(st.sampled_from(["bottom-up", "top-down", "put-in"]), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(["layers.0", "layers.1"]), min_size=1, unique=True),
    st.lists(st.sampled_from([0.2, 0.5]), min_size=1, unique=True),
    st.lists(st.sampled_from(["random", "magnitude"]), min_size=1, unique=True),
)
def test_keys_of_tables_within_vary_too(hows, layers, fractions, criteria):
    def text(permutations: dict[str, str]) -> str:
        lines = [f'{name} = {{ method = "weights", network = "dense", {rest} }}' for name, rest in permutations.items()]
        under = ", ".join(f'"{name}"' for name in permutations)
        measure = f'conn = {{ kind = "connectivity", levels = ["dense"], under = [{under}] }}'
        wide = HEAD.replace("[16]", "[16, 12]")
        return "\n".join([wide, "[networks]", "dense = []", "[permutations]", *lines, "[measures]", measure])

    def quoted(values: list[str]) -> list[str]:
        return [f'"{value}"' for value in values]

    families = {
        "pl": f'rewind_layers = {{ how = {listed(quoted(hows))}, layers = {listed(quoted(layers))}, step = "2it" }}',
        "pr": f"prune = {{ fraction = {listed(list(map(str, fractions)))}, criterion = {listed(quoted(criteria))} }}",
    }
    early, cut = list(itertools.product(hows, layers)), list(itertools.product(fractions, criteria))
    names = {
        **{
            f"pl-{number}": f'rewind_layers = {{ how = "{how}", layers = "{layer}", step = "2it" }}'
            for number, (how, layer) in enumerate(early)
        },
        **{
            f"pr-{number}": f'prune = {{ fraction = {fraction}, criterion = "{criterion}" }}'
            for number, (fraction, criterion) in enumerate(cut)
        },
    }
    plan, hand = plan_of(text(families)), plan_of(text(names))
    assert set(plan.tasks) == set(hand.tasks)
    assert [target.task for target in plan.targets] == [target.task for target in hand.targets]
    ways = {way.name: way for way in plan.permutations}
    assert [(ways[f"pl[how={how},layers={layer}]"].setting("how"), layer) for how, layer in early] == early
    assert [ways[f"pr[fraction={fraction},criterion={name}]"].setting("fraction") for fraction, name in cut] == [
        fraction for fraction, _ in cut
    ]


REWINDS = st.lists(st.sampled_from(["0", '"1it"', '"3it"']), min_size=1, max_size=2, unique=True)
STEPS = st.lists(st.sampled_from(['"1it"', '"4it"', '"end"', "0"]), min_size=1, max_size=3, unique=True)
KERNELS = st.lists(st.sampled_from(['"linear"', '"cosine"']), min_size=1, max_size=2, unique=True)


@settings(max_examples=examples(0.2))
@given(REWINDS, STEPS, KERNELS)
def test_a_family_is_what_it_would_be_by_hand(rewinds, steps, kernels):
    families, names = (plan_of(HEAD + text(rewinds, steps, kernels)) for text in (with_families, by_hand))
    assert set(families.tasks) == set(names.tasks)
    assert len(families.targets) == len(names.targets)
    assert sorted(target.task for target in families.targets) == sorted(target.task for target in names.targets)


@settings(max_examples=examples(0.2))
@given(REWINDS, STEPS, KERNELS, st.randoms(use_true_random=False))
def test_the_order_of_the_text_is_in_no_id(rewinds, steps, kernels, chance: random.Random):
    plan = plan_of(HEAD + with_families(rewinds, steps, kernels))
    shuffled = [chance.sample(values, len(values)) for values in (rewinds, steps, kernels)]
    text = with_families(*shuffled)
    places = [text.index(f"[{table}]") for table in ("networks", "permutations", "measures")]
    tables = [text[begin:end] for begin, end in itertools.pairwise([*places, len(text)])]
    other = plan_of(HEAD + "".join(chance.sample(tables, 3)))
    assert set(plan.tasks) == set(other.tasks)
    assert {target.key for target in plan.targets} == {target.key for target in other.targets}

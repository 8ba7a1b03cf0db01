"""Families of permutations: names, what follows whom, and which members go together."""

import itertools
from pathlib import Path

import pytest
from small import small

from lmcspec.base.errors import SpecError
from lmcspec.spec.extends import Files
from lmcspec.spec.families import expanded
from lmcspec.spec.family import Expansion
from lmcspec.spec.located import Located
from lmcspec.spec.tree import plain

WT = 'wt = { method = "weights", network = "dense", step = { each = ["1ep", "3ep", "end"] } }\n'
SS = 'ss = { method = "weights", network = "imp", level = "same" }\n'
REWOUND = '[{ rounds = 1, rewind = { each = [0, "2it"] } }]'


def study(permutations: str, networks: str = "", measures: str = "", imp: str = "[{ rounds = 1 }]"):
    """The one case of a study of pairs."""
    more = f"[permutations]\n{permutations}"
    head = ["replicates=2", "partners=2", *(f"networks.{line}" for line in networks.splitlines() if line)]
    return small(*head, *(f"measures.{line}" for line in measures.splitlines() if line), more=more, imp=imp).cases[0]


def problems(*args: str, **changes: str):
    with pytest.raises(SpecError) as error:
        study(*args, **changes)
    return error.value.problems


def test_members_are_named_by_what_varies():
    case = study(WT)
    assert list(case.study.permutations) == ["wt[step=1ep]", "wt[step=3ep]", "wt[step=end]"]
    assert [str(settings.step) for settings in case.study.permutations.values()] == ["1ep", "3ep", "end"]
    (family,) = case.ways.families.values()
    assert (family.name, family.axes) == ("wt", ("step",))
    assert [dict(member.values) for member in family.members] == [{"step": step} for step in ("1ep", "3ep", "end")]


def test_several_each_give_all_combinations_and_any_key_may_vary():
    pm = 'pm = { method = { each = ["weights", "activations"] }, network = "dense", level = { each = [0, "same"] } }\n'
    assert list(study(pm).study.permutations) == [
        f"pm[method={method},level={level}]" for method in ("weights", "activations") for level in (0, "same")
    ]


def test_a_permutation_follows_the_networks_that_it_aligns():
    case = study(SS.replace(" }", ', step = { each = ["1ep", "end"] } }'), imp=REWOUND)
    assert [(name, of.network, str(of.step)) for name, of in case.study.permutations.items()] == [
        (f"ss[step={step},rewind={rewind}]", f"imp[rewind={rewind}]", step)
        for step in ("1ep", "end")
        for rewind in ("0", "2it")
    ]


def test_a_family_of_recipes_makes_families_of_permutations():
    case = study(WT, 'ours={ like = "imp", mask_from = "partner", under = "wt" }')
    assert list(case.study.networks) == ["dense", "imp", *(f"ours[step={step}]" for step in ("1ep", "3ep", "end"))]
    case = small(
        "replicates=2",
        "partners=2",
        'networks.ours={ like = "imp", mask_from = "partner", under = "wm" }',
        more='[permutations]\nwm = { method = "weights", network = "dense" }\n',
        optimiser='{ name = "sgd", lr = { each = [0.1, 0.3] } }',
    ).cases[0]
    assert {name: of.network for name, of in case.study.permutations.items()} == {
        f"wm[lr={lr}]": f"dense[lr={lr}]" for lr in (0.1, 0.3)
    }
    assert {name: (of.like, of.under) for name, of in case.study.networks.items() if name.startswith("ours")} == {
        f"ours[lr={lr}]": (f"imp[lr={lr}]", f"wm[lr={lr}]") for lr in (0.1, 0.3)
    }


def carried(under: str, permutations: str, like: str = "imp", imp: str = REWOUND) -> dict[str, tuple[str, str]]:
    case = study(permutations, f'ours={{ like = "{like}", mask_from = "partner", under = {under} }}', imp=imp)
    return {name: (of.like, of.under) for name, of in case.study.networks.items() if name.startswith("ours")}


def test_masks_come_over_by_the_permutation_of_their_own_networks():
    assert carried('"ss"', SS) == {f"ours[rewind={r}]": (f"imp[rewind={r}]", f"ss[rewind={r}]") for r in ("0", "2it")}
    assert carried('"ss"', SS, like="imp[rewind=0]") == {"ours": ("imp[rewind=0]", "ss[rewind=0]")}
    assert carried('"ss[rewind=0]"', SS) == {
        f"ours[rewind={r}]": (f"imp[rewind={r}]", "ss[rewind=0]") for r in ("0", "2it")
    }, "who names a member means it"


def test_masks_come_over_by_every_other_permutation():
    assert list(carried('"wt"', WT)) == [
        f"ours[rewind={r},step={step}]" for r in ("0", "2it") for step in ("1ep", "3ep", "end")
    ]
    assert list(carried('{ each = ["none", "wt", "ss"] }', WT + SS)) == [
        *(f"ours[under=none,rewind={r}]" for r in ("0", "2it")),
        *(f"ours[under=wt,rewind={r},step={step}]" for r in ("0", "2it") for step in ("1ep", "3ep", "end")),
        *(f"ours[under=ss,rewind={r}]" for r in ("0", "2it")),
    ]


def tree_of(text: str) -> Expansion:
    """What families make of a text, whether or not its keys are known."""
    root = Files().read(Located(Path("families.toml")), text)
    assert root is not None
    return expanded(root)


def test_two_things_of_one_name_are_told_apart():
    found = tree_of("""
        [networks]
        imp = [{ fraction = { each = [0.1, 0.2] } }]
        ours = { like = "imp", under = "pr" }
        plain = { like = "dense", under = "pr" }
        dense = []
        [permutations]
        pr = { network = "dense", prune = { fraction = { each = [0.5, 0.7] } } }
        ss = { network = "imp", prune = { fraction = { each = [0.5, 0.7] } } }
        flat = { network = "imp", fraction = { each = [0.5, 0.7] } }
    """)
    assert not found.problems

    def members(families, name):
        return [member.name for member in families[name].members]

    pairs = list(itertools.product((0.1, 0.2), (0.5, 0.7)))
    assert members(found.permutation_families, "pr") == [f"pr[fraction={f}]" for f in (0.5, 0.7)]
    assert members(found.permutation_families, "ss") == [
        f"ss[prune.fraction={own},fraction={of}]" for own in (0.5, 0.7) for of in (0.1, 0.2)
    ]
    assert members(found.permutation_families, "flat") == [
        f"flat[flat.fraction={own},fraction={of}]" for own in (0.5, 0.7) for of in (0.1, 0.2)
    ]
    assert members(found.families, "ours") == [f"ours[fraction={of},pr.fraction={by}]" for of, by in pairs]
    assert members(found.families, "plain") == [f"plain[fraction={by}]" for by in (0.5, 0.7)]
    tables = plain(found.root)
    assert [(tables["networks"][f"ours[fraction={of},pr.fraction={by}]"]) for of, by in pairs] == [
        {"like": f"imp[fraction={of}]", "under": f"pr[fraction={by}]"} for of, by in pairs
    ]
    assert tables["permutations"]["ss[prune.fraction=0.7,fraction=0.1]"] == {
        "network": "imp[fraction=0.1]",
        "prune": {"fraction": 0.7},
    }
    member = found.permutation_families["ss"].members[0]
    assert member.paths == {"prune.fraction": ("prune", "fraction")}


def test_a_figure_takes_all_members_in_the_place_of_a_family_and_a_measure_keeps_its_name():
    measures = 'way={ kind = "connectivity", levels = ["dense"], under = ["none", "wt"] }'
    case = study(WT, measures=measures)
    assert case.study.measures["way"].under == ("none", "wt")
    assert case.ways.under(("none", "wt", "wt[step=1ep]"), "dense") == ["none", *case.study.permutations]
    assert case.ways.under(("wt[step=3ep]", "none"), "dense") == ["wt[step=3ep]", "none"]
    more = f'[figures]\nf = {{ plot = "barrier-vs-time", under = ["wt", "none"] }}\n[permutations]\n{WT}'
    case = small("replicates=2", "partners=2", f"measures.{measures}", more=more).cases[0]
    assert case.study.figures["f"].under == (*case.study.permutations, "none")


def test_a_network_goes_with_the_permutation_that_follows_it():
    case = study(WT + SS, 'random={ like = "imp", mask = "shuffled" }\none={ like = "imp[rewind=2it]" }', imp=REWOUND)
    under = case.ways.under
    for network in ("imp", "random"):
        assert under(["none", "ss"], f"{network}[rewind=2it]") == ["none", "ss[rewind=2it]"]
    assert under(["ss"], "one") == ["ss[rewind=2it]"], "it is like one member"
    assert under(["ss"], "dense") == ["ss[rewind=0]", "ss[rewind=2it]"]
    assert under(["ss[rewind=0]"], "imp[rewind=2it]") == ["ss[rewind=0]"], "who names a member means it"
    assert len(under(["wt"], "imp[rewind=0]")) == 3


def test_equal_words_are_not_one_thing():
    """A permutation of its own `rewind` axis would not follow; here each list is an axis by itself, though they agree."""
    twin = 'twin=[{ rounds = 1, rewind = { each = [0, "2it"] } }]'
    case = study(SS, twin, imp=REWOUND)
    assert len(case.ways.under(["ss"], "twin[rewind=0]")) == 2


@pytest.mark.parametrize(
    ("step", "code"),
    [("{ each = [] }", "E306"), ('{ each = ["1ep", "1ep"] }', "E307"), ('{ each = "1ep" }', "E105")],
)
def test_lists_that_make_no_family(step, code):
    assert [problem.code for problem in problems(WT.replace('{ each = ["1ep", "3ep", "end"] }', step))] == [code]


def test_more_members_than_there_may_be():
    keys = ", ".join(f"{key} = {{ each = {list(range(1, 40))} }}" for key in ("step", "level"))
    (problem,) = problems(f'big = {{ method = "weights", network = "dense", {keys} }}\n')
    assert (problem.code, problem.message) == ("E312", "`big` stands for 1,521 members; at most 1,000 are allowed")
    # 40 x 2 networks are few, and so are 40 permutations: it is following that makes 1,600.
    steps = f"{{ each = {list(range(1, 41))} }}"
    many = f'wt = {{ method = "weights", network = "dense", step = {steps} }}\n'
    ours = 'ours={ like = "imp", mask_from = "partner", under = "wt" }'
    imp = f"[{{ rounds = {{ each = {list(range(1, 41))} }} }}]"
    (problem,) = problems(many, ours, imp=imp)
    assert (problem.code, problem.path) == ("E312", "networks.ours")


@pytest.mark.parametrize(
    ("name", "near"), [("wt[step=1ep", "wt[step=1ep]"), ("wt[step=4ep]", "wt[step=3ep]"), ("wtt", "wt")]
)
def test_a_name_that_is_nearly_one(name, near):
    (problem,) = problems(WT, measures=f'way={{ kind = "connectivity", levels = ["dense"], under = ["{name}"] }}')
    assert (problem.code, problem.label) == ("E217", f"did you mean `{near}`?")


def test_a_permutation_of_networks_that_a_permutation_makes():
    for under in ('"wt"', '{ each = ["wt", "none"] }'):
        ours = f'ours={{ like = "imp", mask_from = "partner", under = {under} }}'
        (problem,) = problems(WT + 'again = { method = "weights", network = "ours" }\n', ours)
        assert problem.code == "E210"


def test_none_is_no_family():
    assert {problem.code for problem in problems(WT.replace("wt =", "none ="))} == {"E109"}


def test_a_problem_in_a_member_stands_at_the_original_text():
    (problem,) = problems(WT.replace('"3ep"', '"soon"'))
    assert (problem.code, problem.path) == ("E108", "permutations.wt[step=soon].step")
    assert problem.span is not None and problem.span.column == WT.index('"3ep"') + 1


@pytest.mark.parametrize("network", ['["dense"]', '{ name = "dense" }', '{ each = [["dense"]] }', "3"])
def test_what_a_permutation_aligns_is_named(network):
    (problem,) = problems(f'wm = {{ method = "weights", network = {network} }}\n')
    assert problem.code == "E105" and problem.message.startswith("`network` takes a string")

"""Transitivity: which paths there are, which permutations they go by, and what they share with pairs of partners."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.base.random_paths import random_paths
from lmcspec.plan import counts
from lmcspec.plan.document import from_document, to_document


def study(measures: str, replicates: int = 6, partners: int = 2, more: str = "") -> str:
    """A spec of some replicates that are partners."""
    return f"""
replicates = {replicates}
partners = {partners}
{SEVEN_UPDATES}
[networks]
dense = []
imp = [{{ rounds = 1, fraction = 0.5 }}]
[permutations]
wm = {{ method = "weights", network = "dense" }}
own = {{ method = "weights", network = "imp", level = "same" }}
{more}
[measures]
{measures}"""


ALL = 'trans = { kind = "transitivity", networks = ["dense"], levels = ["dense"], under = ["wm"], lengths = [2, 3, 5], paths = 4 }\n'


def ends(plan, task):
    """The replicates whose networks are inputs of a task, by name."""
    return {name: dict(plan.tasks[source].seeds)["replicate"] for name, source in task.inputs if name in "ab"}


def steps(plan, task):
    """The path that a permutation goes, network by network."""
    if task.kind == "match":
        return [ends(plan, task)["a"], ends(plan, task)["b"]]
    path: list[int] = []
    for (_, source), back in zip(sorted(task.inputs), task.params.back, strict=True):
        a, b = ends(plan, plan.tasks[source]).values()
        step = [b, a] if back else [a, b]
        assert not path or path[-1] == step[0], "each step begins where the one before ended"
        path += step if not path else step[1:]
    return path


def test_paths_go_through_all_replicates_and_permutations_are_composed_along_them():
    plan = plan_of(study(ALL))
    (target,) = plan.targets
    assert (target.replicate, target.under, target.level) == (0, "wm", 0)
    gathered = plan.tasks[target.task]
    wanted = [path for length in (2, 3, 5) for path in random_paths(6, length - 1, 4, length)]
    assert gathered.params.paths == tuple("-".join(map(str, path)) for path in wanted)
    inputs = dict(gathered.inputs)
    for place, path in enumerate(wanted):
        walked = {what: plan.tasks[inputs[f"{what}-{place}"]] for what in ("composed", "direct", "unpermuted")}
        assert all(ends(plan, task) == {"a": path[0], "b": path[-1]} for task in walked.values())
        ways = {what: dict(task.inputs).get("permutation") for what, task in walked.items()}
        assert ways["unpermuted"] is None
        assert steps(plan, plan.tasks[ways["direct"]]) == [path[0], path[-1]]
        assert steps(plan, plan.tasks[ways["composed"]]) == list(path)
        agreement = dict(plan.tasks[inputs[f"agreement-{place}"]].inputs)
        assert agreement == {"p": ways["composed"], "q": ways["direct"]}
        if len(path) == 2:
            assert walked["composed"].id == walked["direct"].id, "a path of two is the two themselves"
            assert f"cycle-{place}" not in inputs
            continue
        around = plan.tasks[inputs[f"cycle-{place}"]]
        assert ends(plan, around) == {"a": path[0], "b": path[0]}
        assert steps(plan, plan.tasks[dict(around.inputs)["permutation"]]) == [*path, path[0]]


def test_two_networks_have_one_permutation_in_both_directions():
    plan = plan_of(study(ALL))
    pairs = [ends(plan, task) for task in plan.tasks.values() if task.kind == "match"]
    assert all(pair["a"] < pair["b"] for pair in pairs)
    assert len({tuple(pair.values()) for pair in pairs}) == len(pairs)


def test_what_partners_have_is_shared():
    conn = 'conn = { kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wm"] }\n'
    every = ALL.replace("paths = 4", "paths = 15").replace("[2, 3, 5]", "[2]")
    alone, both = plan_of(study(every)), plan_of(study(every + conn))
    assert counts(alone) == {"train real": 6, "match": 15, "path": 30, "agreement": 15, "transitivity": 1}
    assert set(both.tasks) == set(alone.tasks), "all pairs are there, and so are the partners"


def test_each_level_goes_by_its_own_permutation():
    text = 'trans = { kind = "transitivity", networks = ["imp"], levels = "all", under = ["own"], lengths = [3], paths = 2 }\n'
    plan = plan_of(study(text))
    assert [target.level for target in plan.targets] == [0, 1]
    paths = {plan.tasks[target.task].params.paths for target in plan.targets}
    assert len(paths) == 1, "the same paths"
    matched = [
        {plan.tasks[task].id for task in _beneath(plan, target.task) if plan.tasks[task].kind == "match"}
        for target in plan.targets
    ]
    assert matched[0] and matched[1] and not matched[0] & matched[1]


def _beneath(plan, task):
    found = {task}
    for _, source in plan.tasks[task].inputs:
        found |= _beneath(plan, source)
    return found


def test_the_members_of_a_family_go_the_same_paths():
    more = 'wt = { method = "weights", network = "dense", step = { each = ["2it", "end"] } }'
    plan = plan_of(study(ALL.replace('["wm"]', '["wt"]'), more=more))
    assert [target.under for target in plan.targets] == ["wt[step=2it]", "wt[step=end]"]
    assert len({plan.tasks[target.task].params.paths for target in plan.targets}) == 1


def test_a_plan_is_read_back():
    plan = plan_of(study(ALL))
    again = from_document(to_document(plan))
    assert again.targets == plan.targets and again.tasks.keys() == plan.tasks.keys()


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (("[2, 3, 5]", "[2, 7]"), "E440", "a path of 7 networks"),
        (('["wm"]', '["none"]'), "", "paths go by permutations"),
        (('["wm"]', '["who"]'), "E217", "who"),
        (("[2, 3, 5]", "[1]"), "", "2"),
    ],
)
def test_what_is_no_path(change, code, says):
    with pytest.raises(SpecError) as error:
        plan_of(study(ALL.replace(*change)))
    problems = [problem for problem in error.value.problems if says in problem.message]
    assert problems and problems[0].code.startswith(code)


def test_too_many_paths_are_refused_before_they_are_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr("lmcspec.base.random_paths.streams.permutation", lambda *address: drawn.append(address))
    with pytest.raises(SpecError) as error:
        plan_of(study(ALL.replace("paths = 4", "paths = 1_000_000_000"), replicates=60))
    assert [problem.code for problem in error.value.problems] == ["E406"] and not drawn


def test_direct_permutations_alone():
    """With triples a permutation by way of the third partner is known, and is none of any two."""
    ind = 'ind = { method = "weights", network = "dense", via = "third" }'
    text = study(ALL.replace('["wm"]', '["ind"]'), partners=3, more=ind)
    with pytest.raises(SpecError, match="on a path any two are aligned"):
        plan_of(text)

"""What a study has at least is known by arithmetic; what is far too large is refused before anything is made of it."""

import contextlib
import importlib
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.base.errors import SpecError
from lmcspec.plan import compile_study
from lmcspec.plan.bounds import least_tasks
from lmcspec.plan.graph import Graph
from lmcspec.spec import load

compile_module = importlib.import_module("lmcspec.plan.compile")

SPEC = """
study = "t"
replicates = 2
dataset = "digits"
model = { name = "mlp", widths = [16] }
recipes.real = { length = "2ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
networks.imp = [{ rounds = 3 }]
measures.accuracy = {}
"""


def compiled(spec: str, **options):
    return compile_study(load(Path("t.toml"), text=spec), **options)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("replicates = 2", "replicates = 1000000000", "E406"),
        ("replicates = 2", "replicates = 20000", "E406"),
        ("replicates = 2", f"replicates = {2**62}", "E406"),
        ("rounds = 3", "sparsity = 0.9, fraction = 1e-9", "E455"),
        ("rounds = 3", "sparsity = 0.9, fraction = 1e-300", "E455"),
        ("rounds = 3", "sparsity = 0.9999, fraction = 0.0005", "E455"),
        ("[{ rounds = 3 }]", "[{ rounds = 6000 }, { rounds = 6000 }]", "E455"),
        ("accuracy = {}", "accuracy = { copies = 1000000000 }", "E406"),
        ("accuracy = {}", 'stability = { levels = ["last"], copies = 1000000 }', "E406"),
        ("accuracy = {}", 'distance = { levels = ["last"], copies = 1000 }', "E406"),
        ("accuracy = {}", 'landscape = { levels = ["last"], copies = 1000000000 }', "E406"),
        ("accuracy = {}", 'stability = { at = [0], levels = ["last"], copies = 1000000 }', "E406"),
        ('{ length = "2ep"', '{ length = "10000000ep"', None),
    ],
)
def test_refused_at_once(old, new, code):
    spec = SPEC.replace(old, new)
    if code is None:
        spec, code = spec.replace("accuracy = {}", 'accuracy = { levels = ["last"], through = "1it" }'), "E406"
    began = time.process_time()
    tracemalloc.start()
    with pytest.raises(SpecError) as error:
        compiled(spec)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [problem.code for problem in error.value.problems] == [code]
    assert time.process_time() - began < 2
    assert most < 50e6


@pytest.mark.parametrize("measure", ["accuracy = {}", 'stability = { levels = ["dense"], at = [0] }'])
def test_trainings_of_no_updates(measure):
    plan = compiled(SPEC.replace("accuracy = {}", measure).replace('length = "2ep"', 'length = "0ep"'))
    assert {task.params.until for task in plan.tasks.values() if task.trains} == {0}


def test_a_set_for_each_of_too_many_replicates():
    made = (
        '\nrecipes.distilled = { extends = "real" }\n[distilled]\nd = { method = "dm", ipc = 1, seed = "replicate" }\n'
    )
    spec = SPEC.replace("replicates = 2", "replicates = 1000000000").replace("rounds = 3", 'data = "d", rounds = 3')
    tracemalloc.start()
    with pytest.raises(SpecError) as error:
        compiled(spec + made)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [problem.code for problem in error.value.problems] == ["E406"]
    assert most < 50e6


def test_many_measures_of_the_same_copies():
    """1,500 of 1 to 1,500 copies: 1,500 trainings, and more than two million numbers."""
    many = "\n".join(
        f'measures.a{copies} = {{ kind = "accuracy", levels = ["last"], copies = {copies} }}'
        for copies in range(1, 1501)
    )
    began = time.process_time()
    with pytest.raises(SpecError) as error:
        compiled(SPEC.replace("measures.accuracy = {}", many))
    assert [problem.code for problem in error.value.problems] == ["E406"]
    assert time.process_time() - began < 4


def test_levels_of_all_networks_together():
    networks = "\n".join(f"networks.n{number} = [{{ rounds = 9000 }}]" for number in range(20))
    with pytest.raises(SpecError) as error:
        compiled(SPEC.replace("accuracy = {}", 'accuracy = { levels = ["dense"] }') + networks)
    assert {problem.code for problem in error.value.problems} == {"E455"}


def test_a_small_share_is_no_small_number_of_rounds():
    """A fraction at which rounding decides is what it was before there was a limit."""
    plan = compiled(SPEC.replace("rounds = 3", "sparsity = 0.83"))
    assert max(level.number for level in plan.levels["", "imp"]) == 8


@pytest.mark.parametrize("more", ["", ', start = "trained"', ", rewind = 1", ', restore = "prunable"'])
def test_a_single_deep_level_needs_no_deep_stack(more):
    spec = SPEC.replace("rounds = 3", f"rounds = 600, fraction = 0.001{more}").replace(
        "replicates = 2", "replicates = 1"
    )
    deep = compiled(spec.replace("accuracy = {}", 'accuracy = { levels = ["last"] }'))
    whole = compiled(spec)
    assert len(deep.tasks) >= 1200
    assert deep.tasks.keys() <= whole.tasks.keys()


@settings(max_examples=examples(0.5))
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(
        [
            "accuracy = {}",
            'accuracy = { through = "17it", copies = 2 }',
            'accuracy = { through = "1ep" }',
            "accuracy = { copies = 3, levels = [0, 'last'] }",
        ]
        + [
            f"{kind} = {{ levels = {levels}, copies = {copies}, at = {at}{through} }}"
            for kind in ("stability", "distance")
            for levels in ('"all"', '["last"]')
            for copies in (2, 3)
            for at in ("[0]", '["rewind"]', '[0, 1, "rewind"]')
            for through in ("", ', through = "17it"', ', through = "1ep"')
        ]
    ),
    st.sampled_from(
        [
            "",
            ", rewind = 1",
            ', rewind = "40it"',
            ", iterative = false",
            ', start = "trained"',
            ', criterion = "random"',
        ]
    ),
)
def test_no_study_has_fewer(replicates, rounds, measure, more):
    """The bound is never above what is emitted, so that nothing within --max-tasks is refused."""
    spec = SPEC.replace("replicates = 2", f"replicates = {replicates}").replace(
        "rounds = 3", f"rounds = {rounds}{more}"
    )
    bounds: list[int] = []
    graphs: list[Graph] = []

    def least(*arguments: Any) -> int:
        bounds.append(least_tasks(*arguments))
        return 0

    def graph(limit: int) -> Graph:
        graphs.append(Graph(limit))
        return graphs[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compile_module, "least_tasks", least)
        patch.setattr(compile_module, "Graph", graph)
        with contextlib.suppress(SpecError):  # every k before the rewind point, or steps after the end
            compiled(spec.replace("accuracy = {}", measure))
            assert 0 <= bounds[0] <= len(graphs[0].tasks)

"""Whatever stands in a spec, `load` returns or says what is wrong, with a known code and a place in the text."""

import copy
from io import StringIO
from pathlib import Path

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from ruamel.yaml import YAML
from small import text

from lmcspec.base.codes import CODES
from lmcspec.base.errors import SpecError
from lmcspec.spec import load

RICH = text(
    """
[recipes.low]
extends = "frankle/lenet-mnist"
schedule = { name = "steps", at = ["1ep"], factor = 0.5 }
[networks.random]
like = "imp"
mask = { each = ["shuffled", "even"] }
[measures.mine]
kind = "stability"
levels = ["dense", 1, { sparsity = 0.5 }]
at = [0, "rewind"]
[figures.f]
plot = "table"
networks = ["imp", "random"]
[sweep]
grid = { replicates = [1, 2] }
zip = { partners = [1, 2] }
exclude = [{ replicates = 1, partners = 2 }]
[[sweep.cases]]
case = "one"
recipes.real.batch = 8
""",
    imp='[{ rounds = 3, rewind = { each = [0, "5it"] } }, { data = "dm10", sparsity = 0.9, criterion = "random" }]',
)
WORDS = st.sampled_from(
    [
        "real",
        "imp",
        "each",
        "name",
        "like",
        "all",
        "extends",
        "kind",
        "method",
        "load",
        "sgd",
        "3ep",
        "random",
        "",
        "a.b",
        "imp[0]",
    ]
)
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(-1, 3), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)


def places(value, path=()):
    """All paths of a tree."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def broken(draw) -> str:
    """The rich study with one to three things changed, taken away or added, as YAML."""
    tree = copy.deepcopy(tomli.loads(RICH))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(tree)[1:]))
        *above, last = path
        around = tree
        for part in above:
            around = around[part]
        match draw(st.sampled_from(["change", "change", "remove", "add"])):
            case "change":
                around[last] = draw(VALUES)
            case "remove":
                del around[last]
            case _ if isinstance(around, dict):
                around[draw(WORDS)] = draw(VALUES)
            case _:
                around.append(draw(VALUES))
        if not places(tree)[1:]:
            break
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(tree, stream)
    return stream.getvalue()


@settings(max_examples=examples(2.4))
@given(broken())
def test_load_never_crashes(written):
    try:
        load(Path("x.yaml"), text=written)
    except SpecError as error:
        check(error.problems, written.split("\n"))


def check(problems, lines) -> None:
    """Each problem has a known code, a message and a place in the text; none is there twice."""
    assert problems
    for problem in problems:
        assert problem.code in CODES
        assert problem.message
        assert problem.span is not None
        if problem.span.file == "x.yaml":
            assert 1 <= problem.span.line <= len(lines)
            assert 1 <= problem.span.column <= len(lines[problem.span.line - 1]) + 1
    keys = [(problem.code, problem.message, problem.span) for problem in problems]
    assert len(keys) == len(set(keys))


def test_the_study_it_starts_from_is_good():
    names = [case.name for case in load(Path("x.toml"), text=RICH).cases]
    assert names == ["one,replicates=1,partners=1", "one,replicates=2,partners=1", "one,replicates=2,partners=2"]

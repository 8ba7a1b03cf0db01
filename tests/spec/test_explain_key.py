"""What `explain` says of a key beside who set it: its meaning, unit, choices and default, whether it is set or not."""

from small import small

from lmcspec.base.errors import UsageError
from lmcspec.spec.explain import explain_path, leaves, value_of
from lmcspec.spec.explain_key import of_no_table, with_words
from lmcspec.spec.explain_written import as_written
from lmcspec.spec.json_schema import schema
from lmcspec.spec.key_words import words_of

MORE = """
[recipes.frankle]
extends = "frankle/lenet-mnist"
[sweep]
grid = { replicates = [1, 2] }
"""


def words(path: str, *sets: str):
    loaded = small(*sets, more=MORE)
    return with_words(explain_path(loaded, path), loaded, "").words


def test_a_key_is_told_with_its_meaning_unit_choices_and_default():
    (batch,) = words("recipes.real.batch")
    assert batch == (
        "",
        "Images per update; the last, partial batch of an epoch is kept.",
        "images",
        "an integer, at least 1",
        (),
        None,
        (128,),
    )
    (scope,) = words("networks.imp[0].scope")
    assert (scope.takes, scope.choices, scope.default) == ('"global" or "layer"', ("global", "layer"), "global")
    (momentum,) = words("recipes.real.optimiser.momentum")
    assert (momentum.takes, momentum.unit, momentum.default) == ("a number, at least 0, below 1", "share", 0.0)
    (rewind,) = words("networks.imp[0].rewind")
    assert rewind.takes == 'a step (3, "500it", "2ep40it")' and rewind.unit.startswith("a step")
    (levels,) = words("measures.accuracy.levels")
    assert levels.default == "all" and levels.meaning.startswith("How often pruned")
    assert str(scope) == "\n".join(
        [
            "  Whether weights are ranked over the whole network, or each layer gives the same share.",
            '  takes    "global" or "layer"',
            '  default  "global"',
        ]
    )
    assert words("recipes.real")[0].meaning.startswith("How to train.")
    assert words("networks.imp") == ()


def test_every_key_that_has_a_value_is_told():
    loaded = small(more=MORE)
    document = schema()
    value = value_of(loaded.cases[0])
    told = [path for path, _ in leaves(value) if isinstance(path[-1], str) and path != ("networks", "dense")]
    assert len(told) > 60
    assert [path for path in told if len(words_of(document, path, value)) != 1] == []


def test_a_key_that_the_spec_has_no_table_for_is_told_too():
    loaded = small(more=MORE)

    def unset(path: str):
        try:
            explain_path(loaded, path)
        except UsageError as error:
            return of_no_table(error, loaded, path, "")
        raise AssertionError(path)

    threshold = unset("measures.stability.threshold")
    assert threshold is not None
    assert str(threshold) == (
        "measures.stability.threshold is not set  (case replicates=1)\n  the spec has no table for it"
    )
    assert [word.default for word in threshold.words] == [0.02]
    points = unset("measures.mine.points")
    assert points is not None
    assert {word.of for word in points.words} == {"`connectivity`, `transitivity`", "`stability`"}
    for path in ("extends", "sweep.zip", "recipes.real.extends"):
        nobody = unset(path)
        assert nobody is not None and nobody.words
        assert str(nobody) == f"{path} is not set  (case replicates=1)\n  set by default", "its table is there"
    assert unset("sweep.grids") is None
    assert unset("recipes.real.bach") is None
    assert unset("recipes.real.nothing") is None
    assert unset("measures.acuracy.levels") is None, "`accuracy` was meant"


def test_a_family_is_told_as_what_its_members_are():
    """Of stages and of baselines, whole and inside."""
    more = '[networks.base]\nlike = "imp"\nmask = { each = ["shuffled", "even"] }\n'
    loaded = small(more=more, imp="[{ rounds = { each = [2, 3] } }]")
    (baseline,) = with_words(explain_path(loaded, "networks.base"), loaded, "").words
    assert baseline.meaning.startswith("A baseline")
    assert with_words(explain_path(loaded, "networks.imp"), loaded, "").words == (), "as of one network of stages"
    written = as_written(loaded, "networks.imp[0].rounds", "")
    assert written is not None and written.value == {"each": [2, 3]}
    (rounds,) = with_words(written, loaded, "").words
    assert rounds.meaning.startswith("How often it prunes") and rounds.unit == "rounds"


def test_an_item_of_a_list_is_told_without_its_unit_in_the_sentence_and_numbers_as_everywhere():
    more = '[measures.stability]\nlevels = [0]\nat = [0, 1, 2, "3ep"]\n'
    loaded = small(more=more)
    (whole,), (item,) = (
        with_words(explain_path(loaded, f"measures.stability.at{index}"), loaded, "").words for index in ("", "[3]")
    )
    assert item.meaning == whole.meaning and "Unit" not in item.meaning and item.unit == whole.unit
    levels = [str(words) for words in with_words(explain_path(loaded, "networks.imp[0].rounds"), loaded, "").words]
    assert "at most 10,000" in "".join(levels)

"""Lists of words as people write them."""

import pytest

from lmcspec.base.word_lists import few, joined


@pytest.mark.parametrize(
    ("words", "told"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_all_of_them(words, told):
    assert joined(words) == told
    assert joined(words, "or") == told.replace("and", "or")


def test_the_first_of_many():
    assert few([], 2) == "" and few(["a", "b"], 2) == "a, b"
    assert few(["a", "b", "c"], 2) == "a, b and 1 more"
    assert few([str(number) for number in range(2000)], 1) == "0 and 1,999 more"

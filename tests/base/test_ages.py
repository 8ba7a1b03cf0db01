import pytest

from lmcspec.base.ages import read_age


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 2_592_000),
        ("12 h", 43_200),
        (" 1.5h ", 5400),
        ("90min", 5400),
        ("0s", 0),
        ("2w", 1_209_600),
        ("1y", 31_536_000),
    ],
)
def test_what_people_write(text, seconds):
    assert read_age(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1 month", "1D", "1e9d", "1.d", "nan d", "٣d", "9" * 400 + "d"])
def test_what_is_none(text):
    with pytest.raises(ValueError, match="is no age; the units are s, min, h, d, w, y"):
        read_age(text)

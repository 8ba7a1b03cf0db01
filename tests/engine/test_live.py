"""The lines of running tasks fit a terminal: what matters least goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.fitted import cells
from lmcspec.engine.live import running_lines

ROWS = [
    ("imp[rewind=3ep]/s0/l3/train", "train", "120/450", "loss 0.0123", "12 s"),
    ("dense/s1/l0/path k=0 0-1", "path", "", "", "1:05"),
]


@pytest.mark.parametrize(
    ("width", "label", "others"),
    [
        (80, "imp[rewind=3ep]/s0/l3/train", "train  120/450  loss 0.0123  12 s"),
        (60, "imp[rewind=3ep]/s0/l3/train", "train  120/450  12 s"),
        (45, "imp[rewind=3ep]/s0/l3/train", "120/450  12 s"),
        (40, "imp[rewind=3ep]/s0/l3/train", "12 s"),
        (30, "imp[rewind=3ep]/s0/l3/t…", "12 s"),
    ],
)
def test_note_kind_and_steps_go_before_a_label_is_cut(width, label, others):
    """Labels stand at the left edge, all others at the right one."""
    assert running_lines(ROWS, width)[0] == f"{label}{others:>{width - len(label)}}"


def test_columns_stand_beneath_each_other():
    assert running_lines(ROWS, 64) == [
        "imp[rewind=3ep]/s0/l3/train    train  120/450  loss 0.0123  12 s",
        "dense/s1/l0/path k=0 0-1       path                         1:05",
    ]


def test_a_label_is_cut_by_the_columns_that_it_takes():
    (line,) = running_lines([("漢" * 30, "train", "", "", "1:05")], 40)
    assert cells(line) == 40 and line.endswith("…   1:05")


@given(
    rows=st.lists(st.tuples(*[st.text("abc/[]=0123漢", max_size=30)] * 4, st.just("1:05")), max_size=5),
    width=st.integers(20, 200),
)
def test_lines_fit(rows, width):
    lines = running_lines(rows, width)
    assert len(lines) == len(rows)
    assert all(cells(line) <= width and line.endswith("1:05") for line in lines)


def test_nothing_runs():
    assert running_lines([], 80) == []

"""A table says the same at every width, in lines that fit."""

from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.fitted import cells
from lmcspec.base.grid import Column, Grid

NUMBERS = st.builds(lambda mean, n: f"{mean:.2f} ± 0.59 ({n})", st.floats(0, 100), st.integers(1, 99)) | st.just("")
SENTENCES = st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True), min_size=1, max_size=20).map(" ".join)
NAMES = st.sampled_from(["dense", "imp[rewind=3it]", "a-long-name-of-a-network"])


@st.composite
def grids(draw) -> Grid:
    numbers = draw(st.integers(0, 6))
    headings = draw(
        st.lists(st.sampled_from(["accuracy %", "instability k=3ep", "n"]), min_size=numbers, max_size=numbers)
    )
    words = draw(st.booleans()) or not numbers
    columns = [Column("network", names=True), Column("level", right=True, names=True)]
    columns += [Column(heading, right=True) for heading in headings]
    columns += [Column("verdict")] * words
    rows = draw(
        st.lists(
            st.tuples(NAMES, st.integers(0, 30).map(str), *[NUMBERS] * numbers, *[SENTENCES] * words),
            min_size=1,
            max_size=6,
        )
    )
    return Grid(columns, rows, draw(st.booleans()) and not words)


def text_of(grid: Grid, width: int) -> list[str]:
    return ["".join(text for text, _ in line) for line in grid.lines(width)]


@given(grid=grids(), width=st.integers(40, 200))
def test_lines_fit_and_every_cell_is_there_whole(grid, width):
    lines = text_of(grid, width)
    assert all(cells(line) <= width for line in lines)
    assert all(line == line.rstrip() for line in lines)
    whole = "\n".join(lines)
    several = " ".join(whole.split())
    for row in grid.rows:
        assert all(name in whole for name in row[:2])
        for column, value in zip(grid.columns[2:], row[2:], strict=True):
            if column.right:
                assert value in whole, "a number is never broken"
            else:
                assert all(word in several for word in value.split())


@given(grid=grids())
def test_as_many_numbers_at_every_width(grid):
    def numbers(width):
        return sorted(word for line in text_of(grid, width) for word in line.split() if "." in word)

    assert numbers(40) == numbers(80) == numbers(10**5)


COLUMNS = (Column("network", names=True), Column("level", right=True, names=True))
VALUES = (Column("accuracy %", right=True), Column("instability k=0", right=True))
ROWS = [("imp", "0", "97.36 ± 0.59 (3)", "0.56 ± 0.28 (3)"), ("imp", "1", "96.00 ± 0.10 (3)", "")]


def test_in_one_piece():
    assert text_of(Grid(COLUMNS + VALUES, ROWS), 80) == [
        "network  level        accuracy %  instability k=0",
        "imp          0  97.36 ± 0.59 (3)  0.56 ± 0.28 (3)",
        "             1  96.00 ± 0.10 (3)",
    ]


def test_headings_are_broken_before_anything_else():
    columns = (Column("kind", names=True), Column("test images", right=True), Column("seconds", right=True))
    assert text_of(Grid(columns, [("train", "43,668", "2.2")]), 22) == [
        "         test",
        "kind   images  seconds",
        "train  43,668      2.2",
    ]


def test_columns_without_anything_go_where_there_is_no_room():
    columns = (Column("kind", names=True), Column("blocked", right=True), Column("run", right=True))
    assert text_of(Grid(columns, [("train", "", "36")]), 12) == ["kind   run", "train   36"]
    assert text_of(Grid(columns, [("train", "", "36")]), 80)[0] == "kind   blocked  run"


def test_columns_that_make_sense_apart_stand_beneath_each_other():
    assert text_of(Grid(COLUMNS + VALUES, ROWS, apart=True), 40) == [
        "network  level        accuracy %",
        "imp          0  97.36 ± 0.59 (3)",
        "             1  96.00 ± 0.10 (3)",
        "network  level  instability k=0",
        "imp          0  0.56 ± 0.28 (3)",
    ]


def test_others_become_records():
    assert text_of(Grid(COLUMNS + VALUES, ROWS), 40) == [
        "imp  level 0",
        "  accuracy %       97.36 ± 0.59 (3)",
        "  instability k=0  0.56 ± 0.28 (3)",
        "imp  level 1",
        "  accuracy %  96.00 ± 0.10 (3)",
    ]


def test_sentences_hang_in_their_column_or_beneath_their_name():
    grid = Grid((Column("", names=True), Column("")), [("  imp", "stable at level 2 from k = 0, and beyond that, too")])
    assert text_of(grid, 42) == ["  imp  stable at level 2 from k = 0, and", "       beyond that, too"]
    assert text_of(grid, 30) == ["imp", "    stable at level 2 from", "    k = 0, and beyond that,", "    too"]


def test_a_name_that_no_line_holds_is_left_whole():
    assert text_of(Grid(COLUMNS + VALUES, [("x" * 50, "0", "1.00", "")]), 40) == [
        "x" * 50,
        "  level 0",
        "  accuracy %  1.00",
    ]


def test_a_row_without_any_value_has_its_names():
    columns = [Column("network", names=True), Column("accuracy %", right=True), Column("instability", right=True)]
    grid = Grid(columns, [("dense", "", ""), ("imp", "97.00 ± 0.59 (3)", "")])
    assert [line.split()[0] for line in text_of(grid, 40)] == ["network", "dense", "imp"]

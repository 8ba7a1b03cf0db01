"""Problems on a terminal."""

import io

import pytest
from rich.console import Console

from lmcspec.base.errors import Problem, Span
from lmcspec.cli.problems import MOST, print_problems, render


def problem(line=1, column=1, end=2, **more) -> Problem:
    return Problem("E103", "unknown key `learning_rte`", Span("a.toml", line, column, line, end), **more)


def frame(text: str, one: Problem) -> list[str]:
    return render([one], {"a.toml": text}).splitlines()


def test_a_frame():
    one = problem(12, 1, 13, label="did you mean `learning_rate`?", help="lmcspec explain E103")
    assert frame("\n" * 11 + "learning_rte = 0.1\n", one) == [
        "error[E103]: unknown key `learning_rte`",
        "  --> a.toml:12:1",
        "   |",
        "12 | learning_rte = 0.1",
        "   | ^^^^^^^^^^^^ did you mean `learning_rate`?",
        "   = help: lmcspec explain E103",
        "",
        "error: 1 problem in the spec",
    ]


def test_without_a_place_or_a_text():
    assert render([Problem("E001", "there is no file", help="look again")]).splitlines()[:2] == [
        "error[E001]: there is no file",
        " = help: look again",
    ]
    assert frame("", problem(label="here")) == [
        "error[E103]: unknown key `learning_rte`",
        " --> a.toml:1:1",
        "  = here",
        "",
        "error: 1 problem in the spec",
    ]


def test_a_value_of_several_lines_is_underlined_to_the_end_of_the_first():
    one = Problem("E105", "no", Span("a.toml", 1, 5, 2, 3))
    assert frame("a = [1,\n 2]\n", one)[4] == "  |     ^^^"


def test_tabs_wide_and_combining_characters_keep_the_caret_in_place():
    assert frame("\ta = 1", problem(1, 2, 3))[3:5] == ["1 |     a = 1", "  |     ^"]
    assert frame("漢字 = 1", problem(1, 4, 5))[4] == "  |      ^"
    assert frame("e\u0301 = 1", problem(1, 4, 5))[4] == "  |   ^"


def test_long_lines_are_cut_around_the_caret():
    lines = frame("x" * 500 + "HERE" + "y" * 500, problem(1, 501, 505))
    assert len(lines[3]) == 4 + 120
    start = lines[4].index("^")
    assert lines[3][start : start + 4] == "HERE"
    assert lines[4].count("^") == 4


@pytest.mark.parametrize(
    ("line", "column", "ends"),
    [("HERE" + "y" * 500, 1, "Hy…"), ("x" * 500 + "HERE", 501, "…xE"), ("x" * 90 + "HERE" + "y" * 90, 91, "…xy…")],
)
def test_where_a_line_is_cut_it_says_so(line, column, ends):
    (_, _, _, shown, carets, *_) = frame(line, problem(1, column, column + 4))
    first, *_, last = shown.partition("| ")[2]
    second, before = shown.partition("| ")[2][1], shown[-2]
    assert (first if first != "…" else first + second) + (last if last != "…" else before + last) == ends
    assert shown[carets.index("^") :].startswith("HERE")


def test_nothing_in_a_spec_commands_the_terminal():
    one = Problem("E103", "unknown key `\x1b[2J`", Span("a.toml", 1, 1, 1, 3), label="\x1b]0;x\x07", help="\x9b1m")
    text = render([one], {"a.toml": "\x1b[31m = 1\r"})
    assert not {"\x1b", "\x9b", "\x07", "\r"} & set(text)


def test_many_problems_are_counted():
    text = render([problem()] * (MOST + 5), {"a.toml": "x"})
    assert text.count("error[E103]") == MOST
    assert text.endswith("error: 25 problems in the spec (5 of them not shown)\n")


def test_colour_only_where_the_console_has_it():
    sources = {"a.toml": "learning_rte = [1] :smile:"}
    for colour in (True, False):
        stream = io.StringIO()
        print_problems(
            [problem()],
            sources,
            Console(file=stream, force_terminal=colour, no_color=not colour, highlight=False, emoji=False),
        )
        assert ("\x1b[" in stream.getvalue()) is colour
        if not colour:
            assert stream.getvalue() == render([problem()], sources)

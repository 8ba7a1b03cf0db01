"""What experiments and runs say of themselves, and that no word of a spec is markup in it."""

import pytest
from specs_for_tests import plan_of
from tracked_for_tests import SPEC

from lmcspec.report.pictures import PAGE
from lmcspec.track import notes, view
from lmcspec.track.about import About
from lmcspec.track.reporter import REPORT
from lmcspec.track.wanted import Wanted

SAID = About("Is it *stable*?", "A paper, Figure 1", "lmcspec run 'a study.toml' --set x=1")


@pytest.fixture(scope="module")
def plan():
    return plan_of(SPEC)


def test_an_experiment_says_what_it_is_how_to_read_it_and_how_to_have_it_again(plan):
    text = notes.of_study(plan, SAID, "7", "#/report")
    first, source, *rest = text.split("\n\n")
    assert first == rf"Is it \*stable\*? · [charts by level]({view.charts('7')}) · [report](#/report)"
    assert source == "From: A paper, Figure 1."
    assert "accuracy (accuracy after the last update, train and test)" in text and "stability (" in text
    assert "level of pruning" in text and "in the colour that it has in the report" in text
    assert rest[-1] == "To run it again: `lmcspec run 'a study.toml' --set x=1`"


def test_what_is_not_known_is_left_out(plan):
    text = notes.of_study(plan, About(), "7", "")
    assert text.startswith(f"tracked · [charts by level]({view.charts('7')})\n\nMeasured: ")
    assert "run it again" not in text and "[report]" not in text and "From" not in text


def test_each_run_says_what_it_is_and_leads_on(plan):
    run = Wanted(plan).runs[-1]
    series = notes.of_series(run, "7")
    assert "**imp** in replicate 1" in series and view.charts("7") in series and view.invocations("7") in series
    (task,) = [task for task in plan.tasks.values() if task.label == "imp/s1/l2/train"]
    of_task = notes.of_task(task, run.name, SAID, "7")
    assert of_task.startswith("The task `imp/s1/l2/train` for the series imp/s1 · [charts](")
    assert "Train a network, masked or dense" in of_task and view.invocations("7") in of_task
    assert of_task.endswith("`lmcspec run 'a study.toml' --set x=1 --force imp/s1/l2/train`")
    invocation = notes.of_invocation(plan, SAID, "7")
    assert "**tracked**" in invocation and "`report.html`" in invocation and view.charts("7") in invocation
    assert invocation.endswith("`lmcspec run 'a study.toml' --set x=1`")
    assert plan.byproducts and f"of {len(plan.tasks) - len(plan.byproducts)} tasks in all" in invocation


def test_notes_lead_to_the_file_that_reports_write():
    assert REPORT == PAGE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0 < k & k > 1", "0 &lt; k &amp; k &gt; 1"),
        ("**bold** _it_ [a](b) `c`", r"\*\*bold\*\* \_it\_ \[a\](b) \`c\`"),
        ("a\n# b\x1b[0m", r"a\\n# b\\x1b\[0m"),
        ("# Lottery", r"\# Lottery"),
        ("1. First", r"1\. First"),
        ("12) First", r"12\) First"),
        ("- foo", r"\- foo"),
        ("+ x", r"\+ x"),
        ("===", r"\==="),
        ("    four blanks", "four blanks"),
        ("https://a.org/a_b_c", "https://a.org/a_b_c"),
        ("_a_ and __b__", r"\_a\_ and \_\_b\_\_"),
        ("IMP 2 - 3 + 4 # 5 = 1. 6)", "IMP 2 - 3 + 4 # 5 = 1. 6)"),
        ("~~x~~ | @you", r"&#126;&#126;x&#126;&#126; &#124; \@you"),
    ],
)
def test_words_of_others_are_no_markup(text, shown):
    assert notes.plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("a b", "`a b`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a\nb", "`a\\nb`")]
)
def test_commands_are_code_whatever_stands_in_them(text, shown):
    assert notes.code(text) == shown


def test_no_note_is_longer_than_a_tag(plan):
    said = About("<" * 30_000, "|" * 30_000, "x" * 30_000)
    assert len(notes.of_study(plan, said, "7", "#/report")) <= view.LONGEST

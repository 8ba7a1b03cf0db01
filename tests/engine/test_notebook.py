"""A run in a notebook, with made-up pages in place of a browser's."""

import sys
import types

import pytest
from jobs_for_tests import Plan

from lmcspec import engine
from lmcspec.engine import events, notebook
from lmcspec.engine.notebook import Board, in_notebook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner


class Pages(list):
    """What was shown; `places` counts how often something new was put on the page."""

    places = 0

    def display(self, page, display_id=False):
        assert display_id
        self.places += 1
        self.append(page)
        return types.SimpleNamespace(update=self.append)


@pytest.fixture
def pages(monkeypatch):
    shown = Pages()
    ipython, display = types.SimpleNamespace(), types.SimpleNamespace()
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=None)
    display.display, display.HTML = shown.display, str
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_a_notebook_is_told_from_a_terminal(pages, monkeypatch):
    assert in_notebook()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: object())
    assert not in_notebook(), "IPython in a terminal"
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()


def test_one_place_is_written_over(pages, tmp_path):
    plan = Plan()
    for value in range(3):
        plan.add(value=value, kind="WRITE")
    ticks = iter(range(10_000))
    board = Board(ticks=lambda: next(ticks))
    engine.run(plan.job(), Store.open(tmp_path / "store"), InlineRunner(), listeners=[board.on_event])
    assert pages.places == 1 and len(pages) > 3
    assert "3 tasks to run" in pages[0] and "0/3 done" in pages[1] and "3 done in " in pages[-1]
    assert all(page.count("<pre") == 1 and page.count("\n") <= 3 for page in pages)


def test_it_is_shown_now_and_then_and_at_the_end(pages, tmp_path):
    plan = Plan()
    for value in range(30):
        plan.add(value=value, kind="WRITE")
    board = Board(ticks=lambda: 0.0)
    engine.run(plan.job(), Store.open(tmp_path / "store"), InlineRunner(), listeners=[board.on_event])
    assert len(pages) == 2 and "30 done in " in pages[-1]


def test_what_went_wrong_stays_and_nothing_in_it_is_markup(pages):
    plan = Plan()
    bad = plan.add(value=1, kind="WRITE")
    board = Board()
    task = plan.job().tasks[bad]
    for number in range(50):
        board.on_event(
            events.Failed(
                at=float(number), task=task, reason="error", message=f"<b>{number}</b>", log="", last_lines=("<i>",)
            )
        )
    board.on_event(events.RunEnded(at=60.0, done=0, failed=50, skipped=0, interrupted=0, reused=0, seconds=60.0))
    assert "&lt;b&gt;49&lt;/b&gt;" in pages[-1] and "<b>" not in pages[-1] and "<i>" not in pages[-1]
    assert pages[-1].count("\n") <= notebook.KEPT

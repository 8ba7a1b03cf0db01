import io
from dataclasses import replace

import pytest

from lmcspec.base.loudness import Loudness
from lmcspec.engine import PlannedTask, events
from lmcspec.engine.devices import CPU
from lmcspec.engine.progress import Plain, Tally, clock_time
from lmcspec.engine.show import show

A, B, C, D = (PlannedTask(name * 64, "train", f"imp[rewind=3]/s0/{name}", (), 10.0) for name in "abcd")
LAST = tuple(f"line {number}" for number in range(15))


def finished(at, task, seconds=10.0, **changes):
    values = {"slot": 0, "outcome": "ok", "reused": False, "scalars": {}, **changes}
    return events.Finished(at, task, seconds=seconds, **values)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def told(monkeypatch):
    """A plain listener and what it has written, without the times."""
    monkeypatch.setenv("TZ", "UTC")
    lines = []
    clock = Clock()
    plain = Plain(lines.append, clock)

    def tell(event):
        clock.now = event.at
        plain.on_event(event)

    return tell, lines


def test_one_line_an_event(told):
    tell, lines = told
    tell(events.RunStarted(1000.0, (A, B), (CPU,) * 2))
    tell(events.Started(1000.0, A, 0, 1))
    tell(events.Progress(1001.0, A, 0, 1, 2))
    tell(events.Retried(1002.0, A, "lost", "exit code 3", 1, 0.4, False))
    tell(events.Retried(1002.0, A, "out-of-memory", "full", 1, 0.0, True))
    tell(events.Waiting(1002.0, B, "process 7 on elsewhere"))
    tell(finished(1003.0, A, 2.5))
    tell(finished(1003.5, B, reused=True, outcome="diverged"))
    tell(events.RunEnded(1004.0, 1, 0, 0, 0, 1, 4.0))
    assert all(line[2] == line[5] == ":" and line[8] == " " for line in lines)
    assert [line[9:] for line in lines] == [
        "2 tasks to run on 2 slots, about 10 s; starting workers",
        "retry     imp[rewind=3]/s0/a in 0.4 s, after lost: exit code 3",
        "retry     imp[rewind=3]/s0/a alone on its device, after out-of-memory: full",
        "waiting   imp[rewind=3]/s0/b: process 7 on elsewhere is doing it",
        "done      imp[rewind=3]/s0/a in 2.5 s",
        "reused    imp[rewind=3]/s0/b, diverged",
        "1 done, 1 reused in 4.0 s",
    ]


def test_the_first_failure_shows_the_end_of_its_log_at_once(told):
    tell, lines = told
    tell(events.RunStarted(1000.0, (A, B, C), (CPU,)))
    tell(events.Failed(1001.0, A, "user", "no such layer", "/store/log.txt", LAST))
    assert [line[9:] for line in lines[1:]] == [
        "failed    imp[rewind=3]/s0/a (user): no such layer",
        "  log: /store/log.txt",
        *(f"  | {line}" for line in LAST),
    ]
    del lines[:]
    tell(events.Failed(1002.0, B, "user", "no such layer", "/store/log2.txt", LAST))
    assert len(lines) == 2, "the next ones say where to look"


def test_a_thousand_skipped_tasks_are_one_line(told):
    tell, lines = told
    tell(events.RunStarted(1000.0, (A, B, C, D), (CPU,)))
    for task in (B, C):
        tell(events.Skipped(1001.0, task, "needs a, which failed"))
    tell(events.Skipped(1001.0, D, "needs z, which failed"))
    tell(events.RunEnded(1002.0, 0, 1, 3, 0, 0, 2.0))
    assert [line[9:] for line in lines[1:-1]] == [
        "skipped   2 tasks, imp[rewind=3]/s0/b and what follows: needs a, which failed",
        "skipped   imp[rewind=3]/s0/d: needs z, which failed",
    ]


def test_a_summary_every_few_seconds(told):
    tell, lines = told
    tell(events.RunStarted(1000.0, (A, B, C), (CPU,)))
    tell(events.Started(1000.0, A, 0, 1))
    for second in range(12):
        tell(events.Progress(1000.0 + second, A, 0, second, 12))
    assert [line[9:] for line in lines[1:]] == [
        "0/3 done, 1 running, 5.0 s elapsed, about 25 s left",
        "0/3 done, 1 running, 10 s elapsed, about 21 s left",
    ]


def test_the_estimate_follows_what_was_observed():
    clock = Clock()
    tally = Tally(clock)
    tally.on_event(events.RunStarted(1000.0, (A, B, C), (CPU,)))
    tally.on_event(events.Started(1000.0, A, 0, 1))
    tally.on_event(finished(1005.0, A, 5.0))
    clock.now = 1005.0
    assert tally.line() == "1/3 done, 0 running, 5.0 s elapsed, about 10 s left"
    tally.on_event(events.Failed(1006.0, B, "user", "", "", ()))
    tally.on_event(events.Stopping(1006.0, 1))
    assert "1 failed" in tally.line() and "stopping" in tally.line()


def test_an_estimate_names_what_it_leaves_out():
    clock = Clock()
    tally = Tally(clock)
    unknown = tuple(PlannedTask(name, "hessian", name, (), None, forward=9) for name in ("x", "y"))
    tally.on_event(events.RunStarted(1000.0, (A, B, *unknown, PlannedTask("z", "path", "z", (), None)), (CPU,)))
    assert tally.line().endswith("about 20 s left and 2 hessian tasks, 1 path task of unknown length")


def test_live_shows_running_tasks_and_scrolls_the_rest():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with show(stream) as listener:
        listener(events.RunStarted(1000.0, (A, B), (CPU,)))
        listener(events.Started(1000.0, A, 0, 1))
        listener(events.Progress(1001.0, A, 0, 120, 450, "loss 0.0123"))
        area = listener.__self__._render()  # pyright: ignore[reportFunctionMemberAccess]
        listener(events.Failed(1002.0, A, "user", "no [such] layer", "/store/log.txt", LAST))
        listener(finished(1003.0, B))
    from rich.console import Console

    drawn = io.StringIO()
    Console(file=drawn, width=100).print(area)
    head, row, *_ = drawn.getvalue().splitlines()
    assert head.startswith("0/2 done, 1 running")
    assert row.split()[:5] == ["imp[rewind=3]/s0/a", "train", "120/450", "loss", "0.0123"]
    assert "no [such] layer" in stream.getvalue() and "done      imp[rewind=3]/s0/b" in stream.getvalue()
    assert "line 14" in stream.getvalue()


def test_what_is_known_beforehand_is_said_and_no_more(told):
    tell, lines = told
    unknown = replace(B, seconds=None, kind="path")
    tell(events.RunStarted(1000.0, (A, unknown), (CPU,)))
    tell(events.RunStarted(1010.0, (unknown,), (CPU,)))
    assert [line[9:] for line in lines] == [
        "2 tasks to run on 1 slot, at least 10 s; starting workers",
        "1 task to run on 1 slot; starting workers",
    ]


def test_without_a_terminal_lines_are_plain():
    stream = io.StringIO()
    with show(stream) as listener:
        listener(events.RunStarted(1000.0, (A,), (CPU,)))
    assert stream.getvalue()[9:] == "1 task to run on 1 slot, about 10 s; starting workers\n"
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (59.4, "59 s"), (65, "1:05"), (7265, "2:01:05"), (-1, "0.0 s")],
)
def test_durations(seconds, text):
    assert clock_time(seconds) == text


def test_a_task_counts_with_all_that_its_slot_was_taken_for():
    """Fetching, checking and committing take their time beside the work, and the tasks to come pay it as well."""
    clock = Clock()
    tally = Tally(clock)
    tally.on_event(events.RunStarted(1000.0, (A, B, C), (CPU,)))
    tally.on_event(events.Started(1000.0, A, 0, 1))
    tally.on_event(finished(1020.0, A, 10.0))
    clock.now = 1020.0
    assert tally.line() == "1/3 done, 0 running, 20 s elapsed, about 40 s left"


def test_an_estimate_is_never_kept_until_it_has_run_out(monkeypatch):
    """However long a walk over all tasks takes on a machine that has much else to do."""
    clock, walks = Clock(), []
    tally = Tally(clock)
    tally.on_event(events.RunStarted(1000.0, (A, B, C), (CPU,)))

    def slow(now, left=tally._forecast.left):
        walks.append(now)
        return left(now)

    monkeypatch.setattr(tally._forecast, "left", slow)
    monkeypatch.setattr("lmcspec.engine.progress.time.thread_time", iter(range(0, 1000, 4)).__next__)
    clock.now = 1001.0
    tally.on_event(events.Started(1000.0, A, 0, 1))
    for second in range(1001, 1031):
        clock.now = float(second)
        tally.line()
    assert len(walks) == 3, "one in ten seconds, where each takes four"
    assert walks[1] - walks[0] == 10.0


@pytest.mark.parametrize(
    ("loudness", "said"),
    [
        (
            Loudness.QUIET,
            ["failed    imp[rewind=3]/s0/a (user): no such layer", "  log: /store/log.txt", "  | line 14"],
        ),
        (
            Loudness.VERBOSE,
            ["start     imp[rewind=3]/s0/a on slot 0", "start     imp[rewind=3]/s0/b on slot 1, attempt 2"],
        ),
    ],
)
def test_how_much_is_said(loudness, said):
    lines = []
    tell = Plain(lines.append, Clock(), times=False, loudness=loudness).on_event
    tell(events.RunStarted(1000.0, (A, B, C), (CPU, CPU)))
    tell(events.Started(1000.0, A, 0, 1))
    tell(events.Started(1000.0, B, 1, 2))
    tell(events.Failed(1002.0, A, "user", "no such layer", "/store/log.txt", ("line 14",)))
    tell(events.Skipped(1002.0, C, "it needs what failed"))
    tell(finished(1003.0, B))
    tell(events.RunEnded(1003.0, 1, 0, 1, 1, 0, 3.0))
    assert set(said) <= set(lines)
    if loudness is Loudness.QUIET:
        assert lines == said, "and nothing else"

"""Invocations of which something is not as ours: it is left out, and stands in no others' way."""

import json
import shutil

import pytest
from tracked_for_tests import tracker_of

from lmcspec.store import Store, invocations, open_journal
from lmcspec.track.evidence import SUBJECT

TASK = "a" * 64
COUNTS = ("done", "failed", "skipped", "interrupted", "reused")
LINES = {
    "started": {"task": TASK, "attempt": 1},
    "finished": {"task": TASK, "reused": False},
    "retried": {"task": TASK, "reason": "memory", "message": "too little"},
    "failed": {"task": TASK, "reason": "memory", "message": "too little", "log": ""},
    "interrupted": {"task": TASK},
    "run ended": dict.fromkeys(COUNTS, 1),
}
"""The events that are read, each with the keys that are."""

UNFIT = {
    float: (None, "1", -1.0, 1e12, True, [], {"nonfinite": "nan"}),
    bool: (None, 0, "false", []),
    str: (None, 1, ["a"], {}),
    int: (None, "1", 1.5, -1, True, [], 2**60),
}
"""What no key holds whose value is of this type."""


def line(event, **fields):
    return {"event": event, "at": 1.0, **fields}


def unfit(events):
    """Every event with each of its keys missing, and with what it never holds."""
    for event, fields in events.items():
        whole = line(event, **fields)
        yield {key: value for key, value in whole.items() if key != "event"}
        for key in (name for name in whole if name != "event"):
            yield {name: value for name, value in whole.items() if name != key}
            yield from (whole | {key: other} for other in UNFIT[type(whole[key])])
    yield from (line("skipped", task=[TASK]), line("of a later version", task=1), line(None), line([]), [], None)


def events(store, lines):
    journal = open_journal(store, "tiny", {})
    journal.close()
    (journal.invocation.path / "events.jsonl").write_text(spelled(lines))
    return [event for _, event in journal.invocation.events()]


def spelled(lines):
    return "".join(f"{json.dumps(each)}\n" for each in lines)


def test_lines_as_ours_are_read(tmp_path):
    lines = [line(event, **fields, more=[1]) for event, fields in LINES.items()]
    lines += [line("skipped", task=TASK, why="x"), line("run started", tasks=1, slots=1), line("of a later version")]
    assert events(Store.open(tmp_path / "store"), lines) == lines


def test_others_are_left_out(tmp_path):
    lines = list(unfit(LINES))
    assert len(lines) > 100
    assert events(Store.open(tmp_path / "store"), lines) == []


def test_a_study_is_told_as_without_them(store, mlflow):
    """They stand before each line of ours, and name the same task."""
    (invocation,) = invocations(store)
    path = invocation.path / "events.jsonl"
    ours = [json.loads(each) for each in path.read_text().splitlines()]
    tracker_of(store).sync()
    expected = mlflow.state
    mlflow.__init__()
    lines = []
    for number, each in enumerate(ours):
        task = {"task": each["task"]} if "task" in each else {}
        strange = list(unfit({name: fields | task for name, fields in LINES.items() if task or "task" not in fields}))
        lines += [*strange[number % 7 :: 7], each]
    path.write_text(spelled(lines))
    tracker_of(store).sync()
    assert mlflow.state == expected


def strange_origin(content):
    return json.dumps(json.loads(content) | {"origin": {"command": ["lmcspec", "run"], "user": 5}})


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        *(
            (name, lambda content: content[: len(content) // 2])
            for name in ("plan.json", "spec.json", "invocation.json")
        ),
        *((name, lambda content: "[]") for name in ("plan.json", "spec.json", "invocation.json")),
        ("plan.json", lambda content: "{}"),
        ("invocation.json", strange_origin),
    ],
)
def test_a_damaged_one_stands_in_no_others_way(store, mlflow, name, damaged):
    (invocation,) = invocations(store)
    earlier = invocation.path.with_name(f"20200101T000000000-{'a' * 8}")
    shutil.copytree(invocation.path, earlier)
    (earlier / name).write_text(damaged((earlier / name).read_text()))
    tracker_of(store).sync()
    assert {run.status for run in mlflow.runs.values()} == {"FINISHED"}
    told = {run.tags[SUBJECT]: run for run in mlflow.of("invocation")}
    assert "results.csv" in told[f"invocation/{invocation.id}"].files
    assert len(told) == 1 + (name == "spec.json"), "without its spec an invocation has all but its report"
    assert not tracker_of(store).sync()

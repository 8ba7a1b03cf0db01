# pyright: reportOptionalMemberAccess=false, reportOptionalContextManager=false
import json
import threading

import pytest
from jobs_for_tests import Plan

from lmcspec.engine.attend import Heartbeat
from lmcspec.engine.context import Execution, TaskContext, Workplace
from lmcspec.engine.logs import FileLog
from lmcspec.engine.report import Report
from lmcspec.engine.work import execute
from lmcspec.store import Store, Stored, holder, open_attempt, take


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


@pytest.fixture
def place():
    said = []
    place = Workplace(device="cpu", send=said.append, stopping=lambda: False, open_log=FileLog)
    place.memory["said"] = said
    return place


def test_a_task_is_committed_with_its_numerics(store, place):
    plan = Plan()
    first = plan.add(value=2, kind="WRITE")
    second = plan.add(value=3, kind="WRITE", needs=(first,))
    for task in (first, second):
        report = execute(store, task, plan.payload(task), place)
        assert report.status == "done", report
    stored = store.find(second)
    assert isinstance(stored, Stored)
    assert (stored.out / "value.txt").read_text() == "3\n"
    assert stored.scalars == {"total": 5} == report.scalars
    assert stored.task == plan.documents[second]
    numerics = stored.record["numerics"]
    assert numerics["device"] == "cpu" and numerics["threads"] == 1 and numerics["deterministic"]
    assert {"cpu", "torch", "python", "lmcspec", "batched_with", "compiled"} <= numerics.keys()
    times = stored.record["times"]
    assert times["ended"] - times["started"] == pytest.approx(stored.record["seconds"], abs=0.2)
    assert holder(store, second) is None
    assert Report.read(json.loads(json.dumps(report.document()))) == report


def test_what_is_there_is_reused(store, place):
    plan = Plan()
    task = plan.add(value=2, kind="WRITE")
    execute(store, task, plan.payload(task), place)
    again = execute(store, task, plan.payload(task), place)
    assert (again.status, again.scalars) == ("reused", {"total": 2})
    assert sum("attempt" in message for message in place.memory["said"]) == 1


def test_a_held_task_is_left_alone(store, place):
    plan = Plan()
    task = plan.add(value=2)
    with take(store, task):
        report = execute(store, task, plan.payload(task), place)
    assert report.status == "busy" and "process" in report.holder
    assert execute(store, task, plan.payload(task), place).status == "done"


@pytest.mark.parametrize(("act", "reason"), [("bug", "internal"), ("data", "data"), ("memory", "out-of-memory")])
def test_a_failure_keeps_its_log(store, place, act, reason):
    plan = Plan()
    task = plan.add(act)
    report = execute(store, task, plan.payload(task), place)
    assert report.status == "failed" and report.failure.reason == reason
    log = (store.root / report.failure.log).read_text()
    assert "logged" in log and "Traceback" in log
    assert report.failure.last_lines[-1] == log.splitlines()[-1]
    assert store.find(task) is None and holder(store, task) is None


def test_what_has_a_sentence_leaves_no_traceback(store, place):
    """What is wrong with a user's file isn't where lmcspec found it."""
    plan = Plan()
    task = plan.add("damaged-data")
    report = execute(store, task, plan.payload(task), place)
    assert report.status == "failed" and report.failure.reason == "data"
    assert (store.root / report.failure.log).read_text().splitlines()[-1] == "images.idx is cut off"
    assert not any("Traceback" in line or "File" in line for line in report.failure.last_lines)


def test_another_version_of_the_kind_is_an_error(store, place):
    plan = Plan()
    task = plan.add()
    payload = plan.payload(task)
    payload["task"] = {**payload["task"], "version": 9}
    report = execute(store, task, payload, place)
    assert report.failure.reason == "data" and "plan again" in report.failure.help


@pytest.mark.parametrize(
    ("key", "value"),
    [("params", {"value": 2, "act": "", "path": ""}), ("seeds", {"n": 1}), ("inputs", {"a": "f" * 64})],
)
def test_nothing_is_done_under_the_id_of_other_work(store, place, key, value):
    plan = Plan()
    task = plan.add()
    payload = plan.payload(task)
    payload["task"] = {**payload["task"], key: value}
    report = execute(store, task, payload, place)
    assert report.failure.reason == "data" and "by what it does" in report.failure.message
    assert store.find(task) is None


def test_nor_with_a_part_that_is_not_what_its_digest_says(store, place):
    plan = Plan()
    task = plan.add()
    report = execute(store, task, {**plan.payload(task), "shared": {"f" * 64: {"lr": 0.2}}}, place)
    assert report.failure.reason == "data" and "the part ffffffffff" in report.failure.message


def test_nor_in_passing(store, place):
    plan = Plan()
    state = plan.passed(7)
    task = plan.add(kind="PASS", passes=[state])
    payload = plan.payload(task)
    payload["byproducts"][0]["task"] = {**payload["byproducts"][0]["task"], "seeds": {"n": 5}}
    assert execute(store, task, payload, place).failure.reason == "data"
    assert store.find(state) is None


def test_a_missing_input_is_said(store, place):
    plan = Plan()
    first = plan.add(kind="WRITE")
    second = plan.add(kind="WRITE", needs=(first,))
    report = execute(store, second, plan.payload(second), place)
    assert report.failure.reason == "data" and "'a'" in report.failure.message


def test_byproducts_are_committed_in_passing(store, place):
    plan = Plan()
    states = [plan.passed(value) for value in (7, 8)]
    task = plan.add("bug", kind="PASS", passes=states)
    execute(store, states[0], {"task": plan.documents[states[0]]}, place)
    report = execute(store, task, plan.payload(task), place)
    assert report.status == "failed", "what was passed before stays"
    assert [store.find(state).scalars["total"] for state in states] == [7, 8]
    assert store.find(states[1]).record["passed_by"] == task
    assert "passed_by" not in store.find(states[0]).record
    assert {"byproduct": states[1]} in place.memory["said"] and {"byproduct": states[0]} not in place.memory["said"]


def test_a_task_need_not_pass_again_what_an_earlier_attempt_passed(store, place, tmp_path):
    plan = Plan()
    states = [plan.passed(value) for value in (7, 8)]
    task = plan.add(kind="PASS", passes=states)
    execute(store, states[0], {"task": plan.documents[states[0]]}, place)
    with take(store, task) as lease:
        attempt = open_attempt(store, task, lease)
        execution = Execution(store, plan.payload(task), place, lease, FileLog(tmp_path / "log"), dict, {})
        context = TaskContext(execution, attempt)
        assert [identifier for identifier, _ in context.byproducts()] == [states[1]]
        store.drop_outputs(states[0])
        assert len(context.byproducts()) == 2, "what was passed and dropped is passed again"


def test_an_interrupted_task_keeps_its_checkpoint(store):
    plan = Plan()
    task = plan.add("sleep")
    place = Workplace(device="cpu", send=lambda _: None, stopping=lambda: True, open_log=FileLog)
    report = execute(store, task, plan.payload(task), place)
    assert report.status == "interrupted"
    assert (store.root / "partial" / task / "checkpoint").read_text() == "0"


def test_metrics_and_progress(store):
    said = []
    plan = Plan()
    task = plan.add("sleep")
    place = Workplace(device="cpu", send=said.append, stopping=lambda: len(said) > 3, open_log=FileLog)
    report = execute(store, task, plan.payload(task), place)
    progress = [message["progress"] for message in said if "progress" in message]
    assert len(progress) == 3 and progress[0] == [0, 1000, ""]
    assert progress[1][2].startswith("loss 0.")
    lines = (store.root / report.failure.log).with_name("metrics.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert (first["name"], first["value"], first["step"]) == ("train/loss", 1.0, 0)


def test_the_attendant_beats_and_trims(store, tmp_path):
    plan = Plan()
    task = plan.add()
    beaten, log = threading.Event(), FileLog(tmp_path / "log.txt", limit=10)
    with take(store, task) as lease:
        log.write("x" * 100)
        with Heartbeat(look=0.005, beat=0.01).attending([(lease, log)]):
            for _ in range(200):
                if holder(store, task).beat >= 2:
                    beaten.set()
                    break
                threading.Event().wait(0.01)
    assert beaten.is_set()
    assert (tmp_path / "log.txt").stat().st_size == 10
    log.close()

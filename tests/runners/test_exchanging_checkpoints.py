"""A training that is stopped, or loses its node, and goes on in the store of another node: to the same bits."""

from pathlib import Path

import pytest

from lmcspec.engine import work
from lmcspec.engine.context import Workplace
from lmcspec.engine.execute import job_of
from lmcspec.engine.logs import StreamLog
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store, layout, remote_checkpoints
from lmcspec.store.remote import Remote


@pytest.fixture(scope="module")
def training():
    """(id, payload) of a training that passes a state on its way."""
    plan = compile_study(load(Path(__file__).parents[1] / "kill" / "study.toml", []))
    job = job_of(outlook(plan, None))
    task = next(task for task in job.tasks.values() if task.byproducts and not task.needs)
    return task.id, job.payload(task.id)


@pytest.fixture(scope="module")
def alone(training, tmp_path_factory):
    """Its result in one go."""
    store = Store.open(tmp_path_factory.mktemp("alone"))
    assert do(store, *training).status == "done"
    return store


def do(store, task, payload, stopping=lambda: False, said=None):
    said = [] if said is None else said
    place = Workplace(device="cpu", send=said.append, stopping=stopping, open_log=StreamLog, memory={})
    return work.execute(store, task, payload, place)


@pytest.fixture
def url(tmp_path):
    return f"file://{tmp_path}/url"


def exchanged(payload, url, **wishes):
    return {**payload, "objects": {"url": url, "forced": False, "resend": False, **wishes}}


def stopped(store, task, payload):
    """Do it until some updates after the state that it passes."""
    said, looks = [], []

    def stopping():
        looks.extend([1] if any("byproduct" in message for message in said) else [])
        return len(looks) > 3

    return do(store, task, payload, stopping, said)


def log_of(store, task):
    return (store.find(task).path / layout.LOG).read_text()


def test_what_was_stopped_on_one_node_goes_on_on_another(training, alone, url, tmp_path):
    task, payload = training[0], exchanged(training[1], url)
    first, second = Store.open(tmp_path / "first"), Store.open(tmp_path / "second")
    assert stopped(first, task, payload).status == "interrupted"
    assert remote_checkpoints.is_there(Remote.at(url), task)
    assert do(second, task, payload).status == "done"
    assert "goes on from its checkpoint after update" in log_of(second, task)
    for made in (task, *(entry["id"] for entry in training[1]["byproducts"])):
        assert second.find(made).digest == alone.find(made).digest
    assert not remote_checkpoints.is_there(Remote.at(url), task), "it is used up"
    assert not list(second.root.glob("partial/*/*"))


def test_what_was_sent_before_a_node_died_is_where_another_goes_on(training, alone, url, tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(remote_checkpoints, "LOOK", 0.001)
    monkeypatch.setattr(remote_checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(remote_checkpoints, "SHARE", 0.0)
    task, payload = training[0], exchanged(training[1], url)
    # What a stop sends by itself is not sent: the node is gone.
    with monkeypatch.context() as dead:
        dead.setattr(
            work, "exchanging", lambda store, task, payload, place, act: _dying(store, task, payload, place, act)
        )
        assert stopped(Store.open(tmp_path / "first"), task, payload).status == "interrupted"
    assert remote_checkpoints.is_there(Remote.at(url), task)
    second = Store.open(tmp_path / "second")
    assert do(second, task, payload).status == "done"
    assert "goes on from its checkpoint after update" in log_of(second, task)
    assert second.find(task).digest == alone.find(task).digest


def _dying(store, task, payload, place, act):
    from lmcspec.engine.exchange import exchanging

    with pytest.MonkeyPatch.context() as patch:
        ended = []
        send = remote_checkpoints.send_checkpoint
        patch.setattr(remote_checkpoints, "send_checkpoint", lambda *it: not ended and send(*it))

        def acted(*it):
            try:
                return act(*it)
            finally:
                ended.append(True)

        return exchanging(store, task, payload, place, acted)


def test_a_forced_task_begins_anew(training, alone, url, tmp_path):
    task = training[0]
    first, second = Store.open(tmp_path / "first"), Store.open(tmp_path / "second")
    assert stopped(first, task, exchanged(training[1], url)).status == "interrupted"
    assert do(second, task, exchanged(training[1], url, forced=True)).status == "done"
    assert "goes on from" not in log_of(second, task)
    assert second.find(task).digest == alone.find(task).digest
    assert not remote_checkpoints.is_there(Remote.at(url), task)


def test_a_checkpoint_of_nonsense_is_thrown_away(training, alone, url, tmp_path):
    task, payload = training[0], exchanged(training[1], url)
    first, second = Store.open(tmp_path / "first"), Store.open(tmp_path / "second")
    assert stopped(first, task, payload).status == "interrupted"
    there = tmp_path / "url" / "checkpoints" / task[:2] / task
    content = bytearray(there.read_bytes())
    content[-3] ^= 1
    there.write_bytes(content)
    assert do(second, task, payload).status == "done"
    assert "its checkpoint is no use and is thrown away" in log_of(second, task)
    assert second.find(task).digest == alone.find(task).digest

"""The connection with a cluster, without one: what Ray is told, and what is said where it is not there."""

import os
import sys
from types import SimpleNamespace

import pytest

from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.engine.runner import make_runner
from lmcspec_runners.capacity import cores
from lmcspec_runners.ray_cluster import connected


def test_without_the_extra_the_error_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BlockedError, match="not installed") as caught:
        connected("", None)
    assert caught.value.help == "uv run --extra ray lmcspec run SPEC --runner ray" and caught.value.exit_code == 5


def test_the_cluster_of_its_own_listens_on_loopback_and_reports_to_nobody(monkeypatch):
    said = {}

    class Module:
        __name__ = "ray"

        @staticmethod
        def is_initialized():
            return False

        @staticmethod
        def init(**options):
            told = os.environ.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
            said.update(options, usage=os.environ["RAY_USAGE_STATS_ENABLED"], cluster=told)

    monkeypatch.setitem(sys.modules, "ray", Module)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    cluster = connected("", 3)
    assert cluster.ours and cluster.address == "local"
    assert (
        said["address"] == "local" and said["num_cpus"] == max(3, cores()) and said["_node_ip_address"] == "127.0.0.1"
    )
    assert said["include_dashboard"] is False and said["usage"] == "0"
    assert said["cluster"] == "0", "what makes Ray listen on loopback and nowhere else"
    assert "RAY_USAGE_STATS_ENABLED" not in os.environ
    said.clear()
    connected("head:6379", 3)
    assert said["address"] == "head:6379" and "num_cpus" not in said and said["cluster"] is None
    monkeypatch.setattr(
        Module, "init", staticmethod(lambda **_: (_ for _ in ()).throw(ConnectionError("nobody\nthere")))
    )
    with pytest.raises(BlockedError, match=r"no Ray cluster at head:6379 answers: nobody\\nthere"):
        connected("head:6379", None)


def test_other_runners_take_no_address():
    with pytest.raises(UsageError, match="the runner local takes no --address"):
        make_runner("local", 1, address="auto")


def test_what_ray_notices_does_not_stand_among_results(monkeypatch):
    worker = SimpleNamespace(_worker_logs_enabled=True)
    monkeypatch.setitem(sys.modules, "ray._private.worker", worker)
    module = SimpleNamespace(is_initialized=lambda: False, init=lambda **_: None)
    monkeypatch.setitem(sys.modules, "ray", module)
    connected("head:6379", None)
    assert worker._worker_logs_enabled is False

"""The study on a Ray cluster of three nodes on this machine, of which what can die does: equal to the undisturbed run."""

import importlib.util
import json
import signal

import psutil
import pytest
import runs_for_tests
from cluster_for_tests import Cluster
from manifest_for_tests import compare, manifest
from runs_for_tests import Run

from lmcspec.store import Store, verify

pytestmark = [pytest.mark.ray, pytest.mark.timeout(1200)]


@pytest.fixture(scope="session")
def cluster():
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs the extra ray")
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Three raylets, three torches and a driver on two cores take their time."""
    monkeypatch.setattr(runs_for_tests, "LONG", 900.0)


def on(cluster, store, *options, format="json"):
    return Run(store, "--runner", "ray", "--address", cluster.address, *options, format=format)


def well_ended(run, calm, store):
    """The run is done, its results are the undisturbed ones, and nothing else is left."""
    assert run.end() == 0, run.said
    assert json.loads(run.results)["ok"], "nothing else stands there, whatever Ray has noticed"
    stored = Store.open(store)
    assert not compare(manifest(stored), calm), run.said
    assert verify(stored) == []
    assert not list(stored.root.glob("attempts/*/*/out")) and not list(stored.root.glob("leases/*.json"))


def test_more_slots_than_there_can_be_are_refused(cluster, tmp_path):
    with on(cluster, tmp_path / "store", "--workers", "99", format="table") as run:
        assert run.end() == 5
    assert "99 slots of 1 CPU each are more than the cluster can hold, which is 3" in run.said
    assert not list((tmp_path / "store/attempts").iterdir()) and cluster.idle()


def test_a_node_of_another_version_is_refused_by_name(cluster, tmp_path):
    """What its Python finds first says that torch is another."""
    faked = tmp_path / "faked" / "torch-0.1.dist-info"
    faked.mkdir(parents=True)
    (faked / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 0.1\n")
    odd = cluster.add(PYTHONPATH=str(faked.parent))
    try:
        with on(cluster, tmp_path / "store", format="table") as run:
            assert run.end() == 5
        assert "torch is 0.1 on" in run.said and odd[:6] in run.said and "--allow-skew" in run.said
    finally:
        cluster.kill(odd)


def test_slots_of_gpus_and_of_cpus_side_by_side(cluster, calm, tmp_path):
    """GPUs that are pretended: what gains from them runs there, masks and the like beside them, to the same bits."""
    pretended = cluster.add(gpus=1, LMCSPEC_DECLARED_DEVICES="1 x gpu 16 GB, 1 x cpu")
    try:
        with on(cluster, tmp_path / "many", "--devices", "2 x gpu", format="table") as run:
            assert run.end() == 5
        assert "2 slots of 1 GPU and 1 CPU each are more than the cluster can hold, which is 1" in run.said
        with on(cluster, tmp_path / "store", "--devices", "gpu, 1 x cpu") as run:
            run.until(lambda: len(cluster.actors()) == 2)
            well_ended(run, calm, tmp_path / "store")
        assert cluster.idle()
    finally:
        cluster.kill(pretended)
    with on(cluster, tmp_path / "none", "--devices", "gpu", format="table") as run:
        assert run.end() == 5
    assert "no node of the cluster has one" in run.said and "train and" in run.said and "would run there" in run.said


def test_a_worker_an_actor_and_a_node_are_killed(cluster, calm, tmp_path):
    with on(cluster, tmp_path / "store") as run:
        run.until(lambda: len(run.done()) >= 2 and cluster.workers())
        cluster.workers()[0].send_signal(signal.SIGKILL)
        run.until(lambda: "SIGKILL" in run.said)
        run.until(lambda: len(run.done()) >= 5 and cluster.actors())
        cluster.actors()[0].send_signal(signal.SIGKILL)
        run.until(lambda: len(run.done()) >= 9)
        cluster.kill(cluster.nodes[0])
        run.until(lambda: "its node is gone" in run.said)
        # Slots of a node that is gone open again when another one comes.
        cluster.add()
        well_ended(run, calm, tmp_path / "store")
    assert cluster.idle()
    assert run.said.count("is gone") >= 2, run.said


def test_a_node_is_killed_where_each_has_a_store_of_its_own(cluster, calm, tmp_path):
    """Nothing is shared but a URL."""
    nodes, url = tmp_path / "nodes", f"file://{tmp_path}/url"
    with on(cluster, tmp_path / "store", "--objects", url, "--node-store", f"{nodes}/{{node}}") as run:
        run.until(lambda: len(run.done()) >= 8 and (nodes / cluster.nodes[0]).exists())
        cluster.kill(cluster.nodes[0])
        cluster.add()
        well_ended(run, calm, tmp_path / "store")
    assert cluster.idle()
    for place in nodes.iterdir():
        stored = manifest(Store.open(place))
        assert stored and stored.items() <= calm.items(), "each has what it made and what it needed"
    # Whoever has the URL has all of it: a store that was never there before has nothing left to do.
    with Run(tmp_path / "other", "--objects", url, "--runner", "local") as run:
        assert run.end() == 0, run.said
    # States that were passed on the way are needed by nothing any more.
    assert manifest(Store.open(tmp_path / "other")).items() <= calm.items()
    assert "objects fetched" in run.said and "Nothing to do" in run.said


def test_a_driver_that_is_killed_leaves_nothing_and_goes_on(cluster, calm, tmp_path):
    with on(cluster, tmp_path / "store") as run:
        run.until(lambda: len(run.done()) >= 4)
        run.process.kill()
        run.process.wait()
        before = len(run.done())
    assert cluster.idle(), "actors and what they started end with the driver"
    with on(cluster, tmp_path / "store") as run:
        well_ended(run, calm, tmp_path / "store")
    assert len(run.done()) <= len(calm) - before


def test_a_wish_to_stop_reaches_the_nodes(cluster, tmp_path):
    with on(cluster, tmp_path / "store", format="table") as run:
        run.until(lambda: len(run.done()) >= 2)
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 130, run.said
    assert "the same command goes on from here" in run.said
    assert cluster.idle() and not list((tmp_path / "store").glob("leases/*.json"))


def test_a_cluster_of_its_own_ends_with_the_driver_and_listens_on_loopback(cluster, tmp_path):
    for _ in range(4):
        with Run(tmp_path / "store", "--runner", "ray", "--workers", "1", "--address", "local", format="table") as run:
            try:
                run.until(run.done)
            except AssertionError:
                # Ray gives its processes 30 s to start, which a busy machine may not be able to.
                assert "no Ray cluster of its own answers" in run.said, run.said
                continue
            started = psutil.Process(run.process.pid).children(recursive=True)
            listening = {
                connection.laddr.ip
                for process in started
                if process.is_running()
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
            run.process.kill()
            run.process.wait()
            assert run.gone(15.0), [process.cmdline() for process in run.family()]
            break
    assert listening and listening <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}, listening

"""A connection with a Ray cluster, and the nodes that are alive there."""

# Ray is an extra.
# pyright: reportMissingImports=false

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from lmcspec.base.errors import BlockedError
from lmcspec.base.visible import one_line
from lmcspec_runners.capacity import cores
from lmcspec_runners.ray_facts import node_facts

LOOPBACK = "127.0.0.1"


class Node(NamedTuple):
    """A node that is alive, with what Ray may place there."""

    id: str
    name: str
    cpus: float
    gpus: float


@dataclass(slots=True)
class Cluster:
    """A connection with a Ray cluster; opened by `connected`."""

    ray: Any
    """The module, imported when it is needed."""
    address: str
    ours: bool
    """Whether this process made the connection, and is to end it."""

    def nodes(self) -> list[Node]:
        """The nodes that are alive, by name."""
        alive = [Node(*_node(entry)) for entry in self.ray.nodes() if entry.get("Alive") or entry.get("alive")]
        return sorted(alive, key=lambda node: (node.name, node.id))

    def ask(self, node: Node) -> Any:
        """A reference to the answer of `node_facts` on that node, as the bytes of a document."""
        strategies = self.ray.util.scheduling_strategies
        there = strategies.NodeAffinitySchedulingStrategy(node_id=node.id, soft=False)
        # By Ray's own decorator the function travels by its name: every node has to have lmcspec.
        return self.ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(_facts_text).remote()

    def near(self, node: str) -> Any:
        """The wish to be placed on the node of this id, or elsewhere where it has no room or is gone."""
        affinity = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        try:
            return affinity(node_id=node, soft=True, _spill_on_unavailable=True)
        except TypeError:  # a version of Ray's where that has another name
            return affinity(node_id=node, soft=True)

    def pause(self, seconds: float) -> None:
        """Wait, for what the cluster will have noticed by then."""
        time.sleep(seconds)

    def close(self) -> None:
        """End the connection, and the cluster with it if it was started for this process."""
        if self.ours and self.ray.is_initialized():
            self.ray.shutdown()


def connected(address: str, workers: int | None) -> Cluster:
    """A connection with the cluster at an address, or with one of its own on this machine. Raises BlockedError."""
    where = address or os.environ.get("RAY_ADDRESS", "")
    alone = where in ("", "local")
    try:
        with _as_told(alone):
            import ray
    except ImportError as error:
        raise BlockedError(
            "the runner ray needs Ray, which is not installed", help="uv run --extra ray lmcspec run SPEC --runner ray"
        ) from error
    if ray.is_initialized():
        return Cluster(ray, where, ours=False)
    with _as_told(alone), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if alone and (constants := sys.modules.get("ray._private.ray_constants")) is not None:
            # Somebody may have imported Ray before.
            constants.ENABLE_RAY_CLUSTER = False  # pyright: ignore[reportAttributeAccessIssue]
        try:
            if not alone:
                ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR)
            else:
                ray.init(
                    address="local",
                    num_cpus=max(workers, cores()) if workers else None,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    _node_ip_address=LOOPBACK,
                )
        except Exception as error:
            shown = f"at {where}" if where else "of its own"
            raise BlockedError(
                f"no Ray cluster {shown} answers: {one_line(str(error))[:300]}",
                help="see `ray status` on its head node; where it asks for a token, RAY_AUTH_MODE=token and "
                "RAY_AUTH_TOKEN_PATH are needed here too; `--address local` starts a cluster on this machine",
            ) from error
    _keep_off_stdout()
    return Cluster(ray, where or "local", ours=True)


def _keep_off_stdout() -> None:
    """Ray prints what it notices, such as nodes that are gone, among the results. We say it ourselves."""
    worker = sys.modules.get("ray._private.worker")
    if hasattr(worker, "_worker_logs_enabled"):
        worker._worker_logs_enabled = False  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]


def _facts_text() -> bytes:
    from lmcspec.store import layout

    return layout.text(node_facts())


def _node(entry: Mapping[str, Any]) -> tuple[str, str, float, float]:
    resources = entry.get("Resources") or {}
    name = f"{entry.get('NodeManagerHostname') or 'a node'} ({str(entry['NodeID'])[:6]})"
    return str(entry["NodeID"]), one_line(name), float(resources.get("CPU", 0)), float(resources.get("GPU", 0))


@contextmanager
def _as_told(alone: bool) -> Iterator[None]:
    """Ray as this process wants it: it reports to nobody, and doesn't wrap its workers in `uv run`.

    `alone`: on this machine only. An address of loopback is not enough for that: Ray puts the machine's own in its
    place, and listens on all, unless it is told that there is no cluster.
    """
    told = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    told |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"} if alone else {}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

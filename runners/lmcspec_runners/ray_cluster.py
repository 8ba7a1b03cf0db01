"""A Ray cluster as seen from the driver: its nodes, what they can hold, and how they differ."""

# Ray is an extra.
# pyright: reportMissingImports=false

import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from typing_extensions import TypedDict

from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.errors import BlockedError
from lmcspec.base.visible import one_line
from lmcspec_runners.ray_slot import node_facts

ASKING = 120.0
"""Seconds in which each node has to say what it is like: its first process starts meanwhile."""
LOOPBACK = "127.0.0.1"
Text = Annotated[str, Field(max_length=1000)]


class Facts(TypedDict):
    """What a node says of itself."""

    host: Text
    python: Text
    lmcspec: Text
    torch: Text
    numpy: Text
    scipy: Text
    safetensors: Text
    ray: Text
    cpu: Text


SAID = {"lmcspec": "source of lmcspec", "cpu": "processor", "python": "Python"}


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
                    num_cpus=workers,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    _node_ip_address=LOOPBACK,
                )
        except Exception as error:
            shown = f"at {where}" if where else "of its own"
            raise BlockedError(
                f"no Ray cluster {shown} answers: {one_line(str(error))[:300]}",
                help="see `ray status` on its head node; `--address local` starts a cluster on this machine",
            ) from error
    return Cluster(ray, where or "local", ours=True)


def capacity(nodes: Sequence[Node], gpus: bool) -> int:
    """How many slots the nodes can hold: one a GPU, or one a CPU."""
    return sum(min(int(node.gpus), int(node.cpus)) if gpus else int(node.cpus) for node in nodes)


def refuse_infeasible(nodes: Sequence[Node], gpus: bool, workers: int | None) -> int:
    """The number of slots; BlockedError where no node can hold one, or the cluster never held that many."""
    room = capacity(nodes, gpus)
    told = "; ".join(f"{node.name} has {node.cpus:g} CPUs and {node.gpus:g} GPUs" for node in nodes[:8])
    told += f"; and {len(nodes) - 8} more" if len(nodes) > 8 else ""
    what = "1 GPU and 1 CPU" if gpus else "1 CPU"
    if not room:
        raise BlockedError(
            f"a slot takes {what}, and no node of the cluster has that: {told or 'it has none'}",
            help="start nodes that have it with `ray start`, or wait until they have joined",
        )
    if workers is not None and workers > room:
        raise BlockedError(
            f"{workers:,} slots of {what} each are more than the cluster can hold, which is {room:,}: {told}",
            help=f"leave --workers out, or say --workers {room}",
        )
    return workers or room


def facts_of(cluster: Cluster, nodes: Sequence[Node]) -> dict[Node, Facts]:
    """What each node says of itself. BlockedError, with its name, for one that can't say it."""
    answers = {node: cluster.ask(node) for node in nodes}
    cluster.ray.wait([*answers.values()], num_returns=len(answers), timeout=ASKING)
    facts, silent = {}, []
    for node, reference in answers.items():
        try:
            facts[node] = read_facts(cluster.ray.get(reference, timeout=0.1))
        except DocumentError as error:
            silent.append(f"{node.name}: {error}")
        except Exception as error:  # noqa: BLE001 (whatever became of it there)
            lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            silent.append(f"{node.name}: {one_line(lines[-1])[:300]}")
    if silent:
        raise BlockedError(
            f"{len(silent)} of {len(nodes)} nodes can't run lmcspec: {'; '.join(silent[:4])}",
            help="install the same version of lmcspec, with its extra ray, in the environment of every node",
        )
    return facts


def read_facts(data: Any) -> Facts:
    """Facts from the bytes that a node sent. Raises DocumentError."""
    name = "what a node said"
    if not isinstance(data, bytes) or len(data) > 2**16:
        raise DocumentError(name, "is no short text")
    document = parse_document(data, name, Facts)
    return Facts(**{key: one_line(document[key]) for key in Facts.__annotations__})


def refuse_skew(facts: Mapping[Node, Facts], here: Mapping[str, str], *, processors: bool) -> None:
    """BlockedError where a node differs from the driver in what changes results, or nodes in their processors."""
    if skew := list(differences(facts, here, processors=processors)):
        raise BlockedError(
            f"the nodes are not alike: {'; '.join(skew[:6])}"
            + (f"; and {len(skew) - 6} more" if len(skew) > 6 else ""),
            help="bring them to the same lock file and kind of machine, or say --allow-skew: results may then differ "
            "in their last bits from node to node, and each records what it was computed on",
        )


def differences(facts: Mapping[Node, Facts], here: Mapping[str, str], *, processors: bool) -> Iterator[str]:
    """Each way in which nodes differ, in a sentence that names them."""
    for key in Facts.__annotations__:
        if key == "host" or (key == "cpu" and not processors):
            continue
        values = Counter(known[key] for known in facts.values())
        # The driver computes nothing, so that its own processor doesn't matter.
        usual = values.most_common(1)[0][0] if key == "cpu" else here[key]
        for value in sorted(values.keys() - {usual}):
            names = ", ".join(node.name for node, known in facts.items() if known[key] == value)
            side = "elsewhere" if key == "cpu" else "here"
            yield f"{SAID.get(key, key)} is {_brief(key, value)} on {names} and {_brief(key, usual)} {side}"


def _brief(key: str, value: str) -> str:
    return value[:10] if key == "lmcspec" else value


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

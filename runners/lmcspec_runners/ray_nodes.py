"""The nodes of a Ray cluster held against each other and against the driver before anything runs on them."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

from lmcspec.base.documents import DocumentError
from lmcspec.base.errors import BlockedError
from lmcspec.base.visible import one_line
from lmcspec_runners.ray_cluster import Cluster, Node
from lmcspec_runners.ray_facts import Facts, read_facts

ASKING = 120.0
"""Seconds in which each node has to say what it is like: its first process starts meanwhile."""
LOOKS = 3
"""Times that a node is asked which can't be asked and is said to be alive: one that is gone is known to be soon."""
PAUSE = 1.0
SAID = {"lmcspec": "source of lmcspec", "cpu": "processor", "gpu": "GPU", "python": "Python"}
ALIKE = (
    "bring nodes to the same lock file and kind of machine, or say --allow-skew: results may then differ in their last "
    "bits from node to node, and each records what it was computed on"
)
Computing = Literal["cpu", "gpu"]


def facts_of(cluster: Cluster, nodes: Sequence[Node]) -> dict[Node, Facts]:
    """What each node says of itself, but for those that are gone meanwhile.

    BlockedError, with its name, for one that can't say it.
    """
    facts: dict[Node, Facts] = {}
    asked = list(nodes)
    for look in range(LOOKS):
        told, silent = _asked(cluster, asked)
        facts |= told
        if not silent:
            break
        cluster.pause(PAUSE)
        alive = {node.id for node in cluster.nodes()}
        asked = [node for node in silent if node.id in alive]
        if asked and look == LOOKS - 1:
            named = [f"{node.name}: {why}" for node, why in silent.items() if node in asked]
            raise BlockedError(
                f"{len(named)} of {len(nodes)} nodes can't run lmcspec: {'; '.join(named[:4])}",
                help="install the same version of lmcspec, with its extra ray, in the environment of every node",
            )
    return {node: facts[node] for node in nodes if node in facts}


def _asked(cluster: Cluster, nodes: Sequence[Node]) -> tuple[dict[Node, Facts], dict[Node, str]]:
    """What nodes say, and why others don't."""
    answers = {node: cluster.ask(node) for node in nodes}
    if answers:
        cluster.ray.wait([*answers.values()], num_returns=len(answers), timeout=ASKING)
    facts: dict[Node, Facts] = {}
    silent: dict[Node, str] = {}
    for node, reference in answers.items():
        try:
            facts[node] = read_facts(cluster.ray.get(reference, timeout=0.1))
        except DocumentError as error:
            silent[node] = str(error)
        except Exception as error:  # noqa: BLE001 (whatever became of it there)
            lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            silent[node] = one_line(lines[-1])[:300]
    return facts, silent


def refuse_skew(facts: Mapping[Node, Facts], here: Facts, computing: Mapping[Computing, Collection[Node]]) -> None:
    """BlockedError where a node differs from the driver in what changes results, or from others that compute alike."""
    if skew := list(differences(facts, here, computing)):
        raise BlockedError(
            f"the nodes are not alike: {'; '.join(skew[:6])}"
            + (f"; and {len(skew) - 6} more" if len(skew) > 6 else ""),
            help=ALIKE,
        )


def differences(
    facts: Mapping[Node, Facts], here: Facts, computing: Mapping[Computing, Collection[Node]]
) -> Iterator[str]:
    """Each way in which nodes differ, in a sentence that names them.

    Processors and GPUs are compared among the nodes that compute on them: the driver computes nothing.
    """
    for key in ("python", "lmcspec", "torch", "numpy", "scipy", "safetensors", "ray"):
        yield from _others(key, facts, str(here[key]), "here")
    for key in ("cpu", "gpu"):
        there = {node: facts[node] for node in computing.get(key, ()) if node in facts}
        if there:
            yield from _others(key, there, usual(key, there.values()), "elsewhere")


def usual(key: Computing, facts: Collection[Facts]) -> str:
    """The processor, or the GPU, that most of these have."""
    return Counter(known[key] for known in facts).most_common(1)[0][0]


def _others(key: str, facts: Mapping[Node, Facts], expected: str, side: str) -> Iterator[str]:
    values: dict[Node, Any] = {node: known[key] for node, known in facts.items()}
    for value in sorted(set(values.values()) - {expected}):
        names = ", ".join(node.name for node in facts if values[node] == value)
        yield f"{SAID.get(key, key)} is {_brief(key, value)} on {names} and {_brief(key, expected)} {side}"


def _brief(key: str, value: str) -> str:
    return (value[:10] if key == "lmcspec" else value) or "none"

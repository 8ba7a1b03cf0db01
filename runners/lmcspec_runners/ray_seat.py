"""The actor of a slot as the driver has it, and what becomes of it."""

from dataclasses import dataclass
from typing import Any

from lmcspec.base.documents import DocumentError
from lmcspec.base.errors import BlockedError
from lmcspec.base.visible import one_line
from lmcspec.engine import messages
from lmcspec_runners.ray_cluster import Cluster
from lmcspec_runners.ray_facts import Facts, read_facts
from lmcspec_runners.ray_places import SlotPlace
from lmcspec_runners.ray_slot import RaySlot

LONGEST_WHY = 300


@dataclass(slots=True)
class Seat:
    """The actor of a slot, or that there is none any more."""

    actor: Any = None
    reference: Any = None
    """Of the call that is out, if one is."""
    watch: Any = None
    """Of a call that ends with the actor only: so that is noticed between tasks, too."""
    host: str = ""
    """Empty until its node has said what it is like."""
    ready: bool = False
    """Whether its worker was ready once."""
    busy: bool = False
    attempt: str = ""
    byproducts: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()
    """Tasks that it was handed along with its own."""
    stop_said: bool = False
    tries: int = 0


def seated(cluster: Cluster, place: SlotPlace, tries: int) -> Seat:
    """Ask Ray for the actor of a slot; it waits there until a node has room."""
    ray, on_gpu = cluster.ray, place.gpu is not None
    kind = ray.remote(
        num_cpus=1,
        num_gpus=1 if on_gpu else 0,
        max_restarts=0,
        max_task_retries=0,
        max_concurrency=1,
        # In groups of their own these are heard while another call waits for news.
        concurrency_groups={"stop": 1, "watch": 1},
        scheduling_strategy=cluster.near(place.node.id),
    )(actor_class(ray))
    actor = kind.remote("gpu" if on_gpu else "cpu")
    return Seat(actor, actor.begin.remote(), actor.watch.remote(), tries=tries)


def actor_class(ray: Any) -> type:
    """The class of actors, which knows the node that it is on."""

    class LmcspecSlot(RaySlot):
        def __init__(self, device: str) -> None:
            super().__init__(device, ray.get_runtime_context().get_node_id())

        stop = ray.method(concurrency_group="stop")(RaySlot.stop)
        watch = ray.method(concurrency_group="watch")(RaySlot.watch)

    return LmcspecSlot


def facts_or_trouble(answer: Any, slot: int) -> Facts:
    """What the node of an actor that has begun is like. BlockedError where it says why it can't begin."""
    try:
        return read_facts(answer)
    except DocumentError:
        trouble = messages.decode(answer, slot).trouble
        if trouble is None:
            raise
        raise BlockedError(trouble["message"], help=trouble["help"]) from None


def why_gone(error: Exception) -> str:
    """Of Ray's many lines those that say what became of an actor."""
    text = str(error)
    told = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("\t")]
    node = "node" in text.lower() and ("died" in text.lower() or "terminated" in text.lower())
    what = "its node is gone" if node else "its process is gone"
    return f"{what}: {one_line(' '.join(told[1:] or told))[:LONGEST_WHY]}"

"""Where the slots of a Ray cluster are: on how many of its GPUs and CPUs, on which nodes; and what can't be done.

A slot takes one GPU and a CPU, or a CPU. Ray chooses the GPU; the node is the one that is named here as long as it has
room for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.engine.devices import Device, Host
from lmcspec.engine.planned import PlannedTask
from lmcspec.plan.render import size
from lmcspec_runners.choosing import ENTRY
from lmcspec_runners.ray_cluster import Node
from lmcspec_runners.ray_facts import Facts

GRAMMAR = 'such as gpu, cpu, or "2 x gpu, 8 x cpu"'


class NoGpuError(BlockedError):
    """GPUs are asked for by name, and no node has one that can be used."""


class Asked(NamedTuple):
    """How many slots there are to be; None for as many as there is room for."""

    gpus: int | None
    cpus: int | None


class SlotPlace(NamedTuple):
    """A slot before it has a process: on a GPU or a CPU of a node."""

    node: Node
    gpu: int | None
    """Which of the node's GPUs it is, as far as they are counted; None for a CPU."""

    def device(self, facts: Facts) -> Device:
        """What a task in this slot runs on."""
        host = Host(self.node.id, facts["memory"], int(self.node.cpus))
        if self.gpu is None:
            return Device("cpu", host=host)
        return Device(f"gpu {self.gpu}", "gpu", facts["gpu_memory"], facts["gpu"], host=host)


def wish(workers: int | None, devices: str) -> Asked | None:
    """What `--workers` and `--devices` ask for on a cluster; None where they say nothing. UsageError."""
    if workers is not None and devices:
        raise UsageError(
            "--workers and --devices both say how many slots there are",
            help='leave --workers out: --devices "4 x cpu" has four',
        )
    if not devices:
        return None
    asked: dict[str, int | None] = {}
    for entry in filter(None, (part.strip() for part in devices.split(","))):
        match = ENTRY.fullmatch(entry)
        if match is None or match[2] not in ("gpu", "cpu") or match[3] is not None:
            raise UsageError(
                f"--devices {devices!r}: {entry!r} can't be said of a cluster, where Ray chooses the GPU of each slot",
                help=GRAMMAR,
            )
        if match[2] in asked:
            raise UsageError(f"--devices {devices!r} says {match[2]} twice", help=GRAMMAR)
        asked[match[2]] = None if match[1] is None else int(match[1])
    if not asked or not any(count is None or count for count in asked.values()):
        raise UsageError(f"--devices {devices!r} leaves no slot", help=GRAMMAR)
    return Asked(asked.get("gpu", 0), asked.get("cpu", 0))


def places(nodes: Sequence[Node], workers: int | None = None, devices: str = "") -> list[SlotPlace]:
    """The slots, GPUs first, dealt out to the nodes in turn.

    Where nothing is said: one on each GPU that has a CPU left for it and, on CPUs that are left anywhere, as many again
    at most; without GPUs one on each CPU. `workers` are slots of GPUs where there are any. BlockedError where no node
    can hold a slot, or all together not as many as are asked for; NoGpuError where it is GPUs that are missing.
    """
    gpus = {node: min(int(node.gpus), int(node.cpus)) for node in nodes}
    room = sum(gpus.values())
    asked = wish(workers, devices)
    if asked is None:
        asked = Asked(workers, None) if room else Asked(0, workers)
    on_gpus = room if asked.gpus is None else asked.gpus
    if (asked.gpus is None or asked.gpus) and not room and devices:
        raise NoGpuError(
            f"--devices {devices!r} asks for GPUs, and no node of the cluster has one with a CPU beside it: "
            f"{_told(nodes)}",
            help="--devices cpu needs none; `ray start --num-gpus` says how many a node has",
        )
    _refuse_more(nodes, "1 GPU and 1 CPU", on_gpus, room, workers)
    dealt = _dealt(gpus, on_gpus)
    left = {node: int(node.cpus) for node in nodes}
    for node in dealt:
        left[node] -= 1
    spare = sum(left.values())
    on_cpus = asked.cpus
    if on_cpus is None:
        on_cpus = min(spare, on_gpus) if on_gpus and not devices else spare
    if on_cpus or not on_gpus:
        _refuse_more(nodes, "1 CPU", max(on_cpus, 1), spare, workers)
    # Masks and the like go where no GPU waits for its CPU.
    away = dict(sorted(left.items(), key=lambda item: gpus[item[0]]))
    number = dict.fromkeys(nodes, -1)
    on = []
    for node in dealt:
        number[node] += 1
        on.append(SlotPlace(node, number[node]))
    return [*on, *(SlotPlace(node, None) for node in _dealt(away, on_cpus))]


def _dealt(room: Mapping[Node, int], count: int) -> list[Node]:
    """So many nodes, each as often as it has room, in turn."""
    turns = [(turn, place, node) for place, (node, most) in enumerate(room.items()) for turn in range(most)]
    return [node for _, _, node in sorted(turns, key=lambda entry: entry[:2])][:count]


def _refuse_more(nodes: Sequence[Node], what: str, count: int, room: int, workers: int | None) -> None:
    if count and not room:
        raise BlockedError(
            f"a slot takes {what}, and no node of the cluster has that: {_told(nodes)}",
            help="start nodes that have it with `ray start`, or wait until they have joined",
        )
    if count > room:
        kind = "gpu" if "GPU" in what else "cpu"
        raise BlockedError(
            f"{count:,} slots of {what} each are more than the cluster can hold, which is {room:,}: {_told(nodes)}",
            help=f"leave --workers out, or say --workers {room}" if workers else f'say --devices "{room} x {kind}"',
        )


def _told(nodes: Sequence[Node]) -> str:
    told = "; ".join(f"{node.name} has {node.cpus:g} CPUs and {node.gpus:g} GPUs" for node in nodes[:8])
    return told + (f"; and {len(nodes) - 8} more" if len(nodes) > 8 else "") or "it has none"


def refuse_tasks(tasks: Iterable[PlannedTask], devices: Sequence[Device]) -> None:
    """BlockedError, with their labels, for tasks of which such have taken more memory than any device or node has."""
    kinds = {device.kind for device in devices}
    too_large: dict[str, list[PlannedTask]] = {}
    for task in tasks:
        kind = ("gpu" if "gpu" in kinds else "cpu") if task.demand.gains else ("cpu" if "cpu" in kinds else "gpu")
        pool = [device for device in devices if device.kind == kind]
        on_host, on_gpu = task.seen
        why = _beyond(on_host, [device.host.memory for device in pool], "a node")
        if kind == "gpu" and task.demand.gains:
            why = why or _beyond(on_gpu, [device.memory for device in pool], "a GPU")
        if why:
            too_large.setdefault(why, []).append(task)
    for why, large in too_large.items():
        raise BlockedError(
            f"the cluster can't do {named(large)}: {why}",
            help="start nodes that have as much with `ray start`, or leave them out: --target, --until and --only "
            "choose what runs",
        )


def _beyond(taken: int | None, memories: Sequence[int], whose: str) -> str:
    """In words, that so many bytes were taken and none has them; nothing where they fit, or that is not known."""
    most = max(memories, default=0)
    if not taken or not all(memories) or taken <= most:
        return ""
    return f"such tasks took up to {size(taken)} of the memory of {whose}, and the largest there is has {size(most)}"


def moved(place: SlotPlace, node: Node, others: Iterable[SlotPlace]) -> SlotPlace:
    """The place of a slot whose actor Ray has put on another node: of its GPUs one that no other slot counts as its."""
    if place.gpu is None:
        return SlotPlace(node, None)
    taken = {other.gpu for other in others if other.node.id == node.id}
    return SlotPlace(node, next(number for number in count() if number not in taken))


def named(tasks: Sequence[PlannedTask]) -> str:
    """Tasks by their labels."""
    labels = ", ".join(task.label for task in tasks[:3])
    return labels + (f" and {len(tasks) - 3:,} more tasks" if len(tasks) > 3 else "")

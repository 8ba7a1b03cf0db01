"""What tasks run on: hosts and their devices, as a runner declares them. Plain data; nothing is looked for here."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Host:
    """A machine whose devices share its memory and its cores."""

    name: str = ""
    """Empty for the driver's own."""
    memory: int = 0
    """Bytes that all tasks on it may take together; 0 where that is not known, and then nothing is held back."""
    threads: int = 0
    """Cores; 0 where that is not known."""


HERE = Host()
"""The driver's own, of which nothing more is said."""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU, or the cores of a host. Slots of the same device share its memory."""

    name: str
    """Which one it is: the UUID of a GPU, or `cpu`. Equal names on equal hosts are one device."""
    kind: Literal["cpu", "gpu"] = "cpu"
    memory: int = 0
    """Bytes of a GPU's memory that tasks may take together; 0 where that is not known. A CPU's is its host's."""
    model: str = ""
    """What it calls itself: `NVIDIA H200`."""
    visible: str = ""
    """What CUDA_VISIBLE_DEVICES is for its workers: a UUID, or nothing, with which they compute on the CPU."""
    host: Host = HERE


CPU = Device("cpu")
"""The cores of the driver's host, of which nothing more is said."""


def gpu(uuid: str, memory: int = 0, model: str = "", host: Host = HERE) -> Device:
    """The GPU of that UUID."""
    return Device(uuid, "gpu", memory, model, uuid, host)

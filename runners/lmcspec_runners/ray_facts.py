"""What a node of a cluster is like: versions, processors, memory. It tells so itself, in bytes of a checked form."""

import hashlib
import platform
import socket
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.sysctl import said
from lmcspec.base.visible import one_line
from lmcspec.store.scalars import Count
from lmcspec_runners.capacity import host_memory
from lmcspec_runners.devices import every_gpu

PACKAGES = ("torch", "numpy", "scipy", "safetensors", "ray")
"""Whose versions may change a result or how a worker is spoken with."""
LONGEST = 1000
Text = Annotated[str, Field(max_length=LONGEST)]


class Facts(TypedDict):
    """What a node says of itself."""

    host: Text
    node: Text
    """Ray's id of it, as far as who says so knows it."""
    python: Text
    lmcspec: Text
    torch: Text
    numpy: Text
    scipy: Text
    safetensors: Text
    ray: Text
    cpu: Text
    gpu: Text
    """The name of its GPUs; of several kinds all names."""
    memory: Count
    """Bytes that tasks may take there; 0 where that is not known."""
    gpu_memory: Count
    """Bytes of its smallest GPU; 0 where that is not known."""


def node_facts(node: str = "") -> Facts:
    """What of a node, of this id, may change a result or bounds what it can do, and its name."""
    facts: dict[str, Any] = {
        "host": socket.gethostname(),
        "node": node,
        "python": platform.python_version(),
        "lmcspec": source_digest(),
        "cpu": processor(),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "none"
    gpus = every_gpu()
    names = " and ".join(sorted({gpu.model for gpu in gpus}))[:LONGEST]
    smallest = min((gpu.memory for gpu in gpus), default=0)
    return Facts(**facts, gpu=names, memory=host_memory(), gpu_memory=smallest)


def read_facts(data: Any) -> Facts:
    """Facts from the bytes that a node sent. Raises DocumentError."""
    name = "what a node said"
    if not isinstance(data, bytes) or len(data) > 2**16:
        raise DocumentError(name, "is no short text")
    facts = parse_document(data, name, Facts)
    return Facts(**{key: one_line(value) if isinstance(value, str) else value for key, value in facts.items()})  # pyright: ignore[reportArgumentType]


@cache
def source_digest() -> str:
    """sha256 over the text of all modules of lmcspec and its runners, by their names."""
    import lmcspec
    import lmcspec_runners

    digest = hashlib.sha256()
    for package in (lmcspec, lmcspec_runners):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{package.__name__}/{path.relative_to(root).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def processor() -> str:
    """The processor's name and the widest of the vector instructions that torch chooses by."""
    name, flags = said("machdep.cpu.brand_string") or platform.processor() or platform.machine(), set[str]()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
                break
    except OSError:
        pass
    widest = next((flag for flag in ("avx512f", "avx2") if flag in flags), "")
    return f"{name} ({widest})" if widest else name

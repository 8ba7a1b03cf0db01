"""What `lmcspec doctor` says of Python, libraries and packages that bring cards. Imports none of the large ones."""

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from lmcspec.cli.finding import Finding

_BUILT_FOR = re.compile(r"^(cuda|hip)\b[^=\n]*= *'([^'\n]+)'", re.MULTILINE)
LARGEST = 2**16
"""Bytes of torch's note of its version."""


def software() -> Iterator[Finding]:
    """Python, lmcspec, torch, MLflow, Ray and plug-ins."""
    from lmcspec.version import __version__

    yield Finding("lmcspec", __version__)
    yield Finding("python", f"{sys.version.split()[0]} at {sys.executable}")
    yield _torch()
    version = _version("mlflow")
    if version:
        yield Finding("mlflow", version)
    else:
        yield Finding("mlflow", "not installed", "install mlflow, or run with --no-tracking", "warn")
    yield Finding("ray", _version("ray") or "not installed; only --runner ray needs it")
    yield _plug_ins()


def torch_platform() -> str:
    """What the installed torch was built for: `CUDA 13.0`, `HIP 6.4`, or `CPU`; empty without torch."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return ""
    try:
        with (Path(spec.origin).parent / "version.py").open("rb") as file:
            noted = _BUILT_FOR.search(file.read(LARGEST).decode("utf-8", "replace"))
    except OSError:
        noted = None
    return f"{noted[1].upper()} {noted[2]}" if noted else "CPU"


def _torch() -> Finding:
    platform = torch_platform()
    if not platform:
        return Finding("torch", "not installed", "install torch: nothing runs without it", "bad")
    return Finding("torch", f"{_version('torch') or 'of an unknown version'}, built for {platform}")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _plug_ins() -> Finding:
    from lmcspec.catalog.plugged import ENTRY_POINTS, plugged_cards

    points = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    brought = [owner for owner, _ in plugged_cards()]
    told, idle = [], []
    for point in points:
        count = sum(owner == f"the plug-in {point.name} ({point.value})" for owner in brought)
        told.append(f"{point.name} ({point.value}, {count} cards)")
        idle += [point.name] * (not count)
    if idle:
        help = f"what is wrong with {', '.join(idle)} stands above; mend it, or uninstall it"
        return Finding("plug-ins", ", ".join(told), help, "warn")
    return Finding("plug-ins", ", ".join(told) or "none")

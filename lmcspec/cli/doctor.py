"""`lmcspec doctor`: what lmcspec finds on this machine, and how fast it is."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from lmcspec.base.visible import visible
from lmcspec.cli.options import DevicesOption, StoreOption, store_path

if TYPE_CHECKING:
    from lmcspec.engine.devices import Device


class Finding(NamedTuple):
    """What was looked at, what is there, and what to do where that is not enough."""

    what: str
    value: str
    help: str = ""


def doctor(
    store: StoreOption = None,
    devices: DevicesOption = "",
    measure: Annotated[
        bool, typer.Option("--measure", help="Take a minute for each kind of device, for first estimates of plans.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="How long to measure each.", show_default="60")
    ] = None,
    format: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print it.")] = "table",
) -> None:
    """Say what is there: Python, torch, devices, the store's disk, tracking, plug-ins; and how fast devices are."""
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.output import console, envelope, put, say

    if measure:
        _measure(devices, seconds or 60.0, say)
    elif devices or seconds is not None:
        option = "--devices" if devices else "--seconds"
        raise UsageError(f"{option} is about what is measured", help="add --measure")
    findings = [*_software(), *_devices(), *_store(store_path(store)), *_tracking(store_path(store)), *_plug_ins()]
    if format == "json":
        put(envelope("doctor", True, {"findings": [finding._asdict() for finding in findings]}))
        return
    width = max(len(finding.what) for finding in findings)
    screen = console()
    for finding in findings:
        helped = f"\n{'':{width}}  help: {finding.help}" if finding.help else ""
        screen.print(
            visible(f"{finding.what:{width}}  {finding.value}{helped}"), markup=False, highlight=False, soft_wrap=True
        )


def _measure(devices: str, seconds: float, say: Any) -> None:
    """Measure one device of each model among those chosen."""
    from lmcspec.engine import measuring
    from lmcspec.engine.gpu import seeing
    from lmcspec.engine.numerics import device_model
    from lmcspec.plan import speeds
    from lmcspec_runners.devices import slots

    by_model: dict[str, Device] = {}
    for slot in slots(None, devices):
        by_model.setdefault(slot.device.model if slot.visible else "cpu", slot.device)
    speeds.prepare()
    gpus = [device.visible for device in by_model.values() if device.visible]
    with seeing(gpus):
        for model, device in by_model.items():
            place = f"cuda:{gpus.index(device.visible)}" if device.visible else "cpu"
            say(f"measuring {model or device.name} for {seconds:.0f} s")
            points = measuring.measure(place, seconds)
            # nvidia-smi has no name for a part of a GPU, and torch has.
            measuring.keep(model or device_model(place), points, device.memory)


def _software() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    from lmcspec.version import __version__

    yield Finding("lmcspec", __version__)
    yield Finding("python", f"{sys.version.split()[0]} at {sys.executable}")
    for name, help in (
        ("torch", "install torch: nothing runs without it"),
        ("mlflow", "install mlflow, or run with --no-tracking"),
        ("ray", ""),
    ):
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, "not installed", help)


def _devices() -> Iterator[Finding]:
    from lmcspec.plan.render import size
    from lmcspec.plan.speeds import speed
    from lmcspec_runners.devices import host_memory, machine

    here = machine()
    for number, device in enumerate(here.gpus):
        memory = f", {size(device.memory)}" if device.memory else ""
        yield Finding(f"gpu {number}", f"{device.model or 'a GPU'}{memory}, {device.name}")
    if not here.gpus:
        yield Finding("gpu", "none that may be used")
    yield Finding("cpu", f"{here.cores} cores, {size(host_memory())} of memory")
    for model in dict.fromkeys([*(device.model for device in here.gpus if device.model), "cpu"]):
        known = speed(model)
        if known is None:
            yield Finding(f"speed of {model}", "unknown", "lmcspec doctor --measure")
            continue
        basis = known.source if known.measured else f"by the table: {known.source}"
        layer = f"{1e6 * known.layer[1]:.0f} µs a layer and update"
        told = f"{layer}, {known.flops[1] / 1e9:,.0f} GFLOP/s, {basis}"
        yield Finding(f"speed of {known.name}", told, "" if known.measured else "lmcspec doctor --measure")


def _store(path: Path) -> Iterator[Finding]:
    from lmcspec.plan.render import size
    from lmcspec.store.filesystems import filesystem, is_network

    kind = filesystem(path)
    shared = ", which several hosts may share: its index lies in your state folder" if is_network(kind) else ""
    there = "" if path.exists() else ", not made yet"
    yield Finding("store", f"{path.absolute()}{there}, on {kind or 'an unknown file system'}{shared}")
    place = path.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    yield Finding("disk", f"{size(free)} free", "less than a GB: a study may fill it" if free < 10**9 else "")


def _tracking(path: Path) -> Iterator[Finding]:
    from lmcspec.cli.options import open_existing
    from lmcspec.track import tracking_uri
    from lmcspec.track.where import shown

    existing = open_existing(path)
    if existing is None:
        yield Finding("tracking", "a database in the store, once there is one, or MLFLOW_TRACKING_URI")
    else:
        yield Finding("tracking", shown(tracking_uri(existing, None)))


def _plug_ins() -> Iterator[Finding]:
    from importlib.metadata import entry_points

    points = sorted(entry_points(group="lmcspec.cards"), key=lambda point: point.name)
    named = ", ".join(f"{point.name} ({point.value})" for point in points)
    yield Finding("plug-ins", named or "none")

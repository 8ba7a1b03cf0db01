"""`lmcspec doctor`: whether what is on this machine is enough, for one spec or for any, and how fast it is."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmcspec.cli import completion
from lmcspec.cli.finding import Finding, State, looked
from lmcspec.cli.options import DevicesOption, SetOption, StoreOption, name_file, refuse_without_study, store_path
from lmcspec.cli.output import Format

if TYPE_CHECKING:
    from lmcspec.engine.devices import Device

COLOURS: dict[State, str] = {"ok": "green", "warn": "yellow", "bad": "bold red"}
NOT_ENOUGH = 5
"""The exit code where something is bad."""


def doctor(
    spec: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SPEC]",
            help="Whether it could run here, too.",
            show_default=False,
            callback=name_file,
            autocompletion=completion.specs,
        ),
    ] = None,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    devices: DevicesOption = "",
    measure: Annotated[
        bool, typer.Option("--measure", help="Take a minute for each kind of device, for first estimates of plans.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="How long to measure each.", show_default="60")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Look at Python, torch, GPUs, memory, the store's disk, MLflow and data, and say what to do where one is lacking.

    With SPEC also whether its data are there, and room for what it takes. Exits with 5 if something is bad.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.output import envelope, put, say

    if spec is None:
        refuse_without_study("doctor SPEC", set=sets)
    if measure:
        _measure(devices, seconds or 60.0, say)
    elif devices or seconds is not None:
        option = "--devices" if devices else "--seconds"
        raise UsageError(f"{option} is about what is measured", help="add --measure")
    findings = _findings(spec, sets, store)
    bad = any(finding.state == "bad" for finding in findings)
    if format is Format.json:
        put(envelope("doctor", not bad, {"findings": [finding._asdict() for finding in findings]}))
    else:
        _print(findings)
    if bad:
        raise typer.Exit(NOT_ENOUGH)


def _findings(spec: Path | None, sets: Sequence[str], given: Path | None) -> list[Finding]:
    from lmcspec.cli.doctor_data import data, of_spec
    from lmcspec.cli.doctor_devices import devices
    from lmcspec.cli.doctor_places import places
    from lmcspec.cli.doctor_software import software

    store = store_path(given)
    parts: dict[str, Callable[[], Iterable[Finding]]] = {
        "software": software,
        "devices": devices,
        "places": lambda: places(store),
        "data": data if spec is None else lambda: of_spec(spec, sets, given),
    }
    return [finding for what, look in parts.items() for finding in looked(what, look)]


def _print(findings: Sequence[Finding]) -> None:
    """A line for each, and beneath it what to do."""
    from rich.text import Text

    from lmcspec.base.visible import visible
    from lmcspec.cli.output import console

    screen = console()
    width = max(len(finding.what) for finding in findings)
    margin = width + 8 if screen.width > 2 * (width + 8) else 6
    for finding in findings:
        line = Text.assemble((f"{finding.state:4}", COLOURS[finding.state]), f"  {finding.what:{width}}  ")
        screen.print(line + visible(finding.value))
        if finding.help:
            screen.print(f"{'':{margin}}help: {visible(finding.help)}")


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

"""The runner that options ask for: where tasks run, and by what URL objects come there and go."""

from collections.abc import Collection
from typing import NamedTuple

from lmcspec.engine.runner import Runner, make_runner


class Places(NamedTuple):
    """Where tasks run, as the options of `lmcspec run` say it; None and empty where they say nothing."""

    runner: str = "local"
    workers: int | None = None
    devices: str = ""
    address: str | None = None
    """Of a Ray cluster."""
    objects: str | None = None
    """The URL between the driver's store and those of the workers."""
    node_store: str | None = None
    allow_skew: bool = False


def placed(places: Places, forced: Collection[str] = ()) -> Runner:
    """The runner of these places; what is `forced` is made again, whatever the URL has. UsageError, BlockedError."""
    runner = make_runner(
        places.runner,
        places.workers,
        places.devices,
        address=places.address,
        node_store=places.node_store,
        allow_skew=places.allow_skew or None,
        objects=places.objects if places.runner == "ray" else None,
    )
    if places.objects is None:
        return runner
    from lmcspec_runners.exchanging import ExchangingRunner

    return ExchangingRunner(runner, places.objects, forced)

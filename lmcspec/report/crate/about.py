"""What an archive says of itself, for `unpack`, and of how its results came about."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NotRequired

from typing_extensions import TypedDict

from lmcspec.engine.provenance import Provenance
from lmcspec.store import Store, Stored, invocations
from lmcspec.version import __version__

NAME = "provenance.json"
SCHEMA = "lmcspec/pack/1"
NUMERICS = ("device", "cpu", "threads", "torch", "deterministic", "compiled", "python", "lmcspec")


class About(TypedDict):
    """The document."""

    schema: str
    study: str
    spec: str
    """The study's file, below `spec/`."""
    sets: list[str]
    """What was set beside it, as `--set` takes it."""
    objects: str
    """Which objects are there: `none`, `results` or `all`."""
    finished: bool
    tasks: int
    """Of the plan, states in passing among them."""
    stored: int
    """How many of these had a result when it was packed."""
    lmcspec: str
    """The version that packed it."""
    commit: NotRequired[dict[str, Any]]
    """Of the folder in which the spec stood, when it was packed."""
    computed: NotRequired[list[dict[str, Any]]]
    """On what results were computed: versions and processors, and how many tasks on each."""
    between: NotRequired[list[str]]
    """When the first result was committed, and the last."""
    runs: NotRequired[list[dict[str, Any]]]
    """When runs of the study began, and from which commit."""


def about(
    store: Store,
    results: Iterable[Stored],
    provenance: Provenance,
    **said: Any,
) -> About:
    """The document: what is `said` of the archive, and what the results' records tell of machines, versions and times.

    Names of machines and of people stay out of it.
    """
    on, times = Counter[tuple[Any, ...]](), []
    for stored in results:
        numerics = stored.record.get("numerics", {})
        on[tuple(numerics.get(name) for name in NUMERICS)] += 1
        times.append(stored.record.get("committed"))
    known = sorted(time for time in times if isinstance(time, int | float))
    return About(
        **said,
        schema=SCHEMA,
        lmcspec=__version__,
        commit={"commit": provenance.commit, "dirty": provenance.dirty} if provenance.commit else {},
        computed=[{**dict(zip(NUMERICS, values, strict=True)), "tasks": count} for values, count in on.most_common()],
        between=[iso(known[0]), iso(known[-1])] if known else [],
        runs=[
            {"began": iso(run.started), "commit": run.origin.get("commit"), "dirty": run.origin.get("dirty")}
            for run in invocations(store)
            if run.study == said["study"]
        ],
    )


def iso(seconds: float) -> str:
    """A moment in ISO 8601, to the second, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")

"""What `lmcspec doctor` says of data: which sets are here, and whether a spec finds what it needs."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.cli.finding import Finding

if TYPE_CHECKING:
    from lmcspec.plan.outlook import Outlook
    from lmcspec.spec import Loaded

WHERE = "docs/data.md says which files go where"


def data() -> Iterator[Finding]:
    """The folder of data sets, and which of the sets that lmcspec knows are in it."""
    from lmcspec.catalog import DatasetCard, built_in
    from lmcspec.plan.facts import DATA_ROOT
    from lmcspec.science.data.sets.official import absent

    root = Path(os.environ.get(DATA_ROOT, "")).expanduser()
    if not os.environ.get(DATA_ROOT):
        told = f"no folder: {DATA_ROOT} is not set; `digits` needs none"
        yield Finding("data", told, f"{DATA_ROOT}=DIR for all specs, or dataset.root in one; {WHERE}")
        return
    if not root.is_dir():
        yield Finding("data", f"{root}, which is not there", f"set {DATA_ROOT} to a folder that is", "bad")
        return
    yield Finding("data", str(root.absolute()))
    for name, card in built_in("dataset").items():
        assert isinstance(card, DatasetCard)
        if card.files:
            missing = absent(card, root)
            yield Finding(f"  {name}", f"not there; it would be {root / card.files[0]}" if missing else "there")


def of_spec(spec: Path, sets: Sequence[str], store: Path) -> Iterator[Finding]:
    """Whether the data of a spec are here, and the room and the memory that what is left of it takes."""
    from lmcspec.cli.options import open_existing
    from lmcspec.plan.outlook import outlook
    from lmcspec.plan.planned_study import read_study

    existing = open_existing(store)
    study = read_study(spec, sets, existing)
    view = outlook(study.plan, existing)
    of_data = dict(_sets(study.loaded)) if study.loaded is not None else {}
    yield from of_data
    for obstacle in view.obstacles:
        if obstacle not in of_data.values():
            yield Finding("study", obstacle, f"lmcspec plan {spec} says what waits for it", "bad")
    yield from _room(view, store)


def _sets(loaded: "Loaded") -> Iterator[tuple[Finding, str]]:
    """Each data set of the spec's cases, and why it can't be used if it can't."""
    from lmcspec.plan.facts import DATA_ROOT, data_facts

    places = ((case.study.dataset, loaded.folder_of(case, ("dataset", "root"))) for case in loaded.cases)
    for table, folder in dict.fromkeys(places):
        facts = data_facts(table, folder)
        if facts.missing:
            help = f"--set dataset.root=DIR, or {DATA_ROOT}=DIR; {WHERE}"
            yield Finding(f"data {table.name}", facts.missing, help, "bad"), facts.missing
        else:
            yield Finding(f"data {table.name}", f"in {facts.root}" if facts.root else "within lmcspec"), facts.missing


def _room(view: "Outlook", store: Path) -> Iterator[Finding]:
    """Whether what is to run has room on the disk and in memory, as far as that is known."""
    from lmcspec.cli.doctor_places import existing
    from lmcspec.plan.render import closing, size

    free, needed = shutil.disk_usage(existing(store)).free, view.peak_bytes
    told = f"{size(needed)} at most, of {size(free)} that are free"
    if needed > free:
        yield Finding("its results", told, "make room, or name a store on another disk with --store", "bad")
    else:
        yield Finding("its results", told)
    if (most := _largest(view)) is not None:
        yield most
    yield Finding("its plan", closing(view).removeprefix("Plan: "))


def _largest(view: "Outlook") -> Finding | None:
    """The memory of the task that takes most; None where nothing is known of any."""
    from lmcspec.engine.execute import job_of
    from lmcspec.plan.render import size
    from lmcspec_runners.devices import machine

    here = machine()
    demands = [task.demand for task in job_of(view).tasks.values()]
    on_gpus = max((gpu.memory for gpu in here.gpus), default=0)
    needed = max((demand.device or 0 for demand in demands), default=0) if on_gpus else 0
    if needed > on_gpus:
        told = f"{size(needed)} for a task as guessed or seen, of {size(on_gpus)} that the largest GPU has"
        return Finding("its memory", told, "if a task runs out of it, a smaller batch or a larger GPU", "warn")
    host = max((demand.host for demand in demands), default=0)
    if not host:
        return None
    return Finding("its memory", f"{size(host)} for a task" + (f", {size(needed)} of a GPU" if needed else ""))

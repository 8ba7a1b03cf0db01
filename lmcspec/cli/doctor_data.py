"""What `lmcspec doctor` says of data: which sets are here, and whether a spec finds what it needs."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base.errors import StoreError
from lmcspec.cli.finding import Finding, looked

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


def of_spec(spec: Path, sets: Sequence[str], given: Path | None) -> Iterator[Finding]:
    """Whether the data of a spec are here, and the room and the memory that what is left of it takes.

    A store that can't be opened counts as empty: what is wrong with it is said of the store.
    """
    from lmcspec.cli.options import open_existing, spelled_at, store_path
    from lmcspec.plan.outlook import outlook
    from lmcspec.plan.planned_study import read_study
    from lmcspec.plan.render import closing

    try:
        existing = open_existing(given)
    except StoreError:
        existing = None
    study = read_study(spec, sets, existing)
    view = outlook(study.plan, existing)
    of_data = dict(_sets(study.loaded)) if study.loaded is not None else {}
    yield from of_data
    for obstacle in view.obstacles:
        if obstacle not in of_data.values():
            command = spelled_at("lmcspec plan", [spec], sets, given)
            yield Finding("study", obstacle, f"{command} says what waits for it", "bad")
    facts = spelled_at("lmcspec plan", [spec], sets, given, ["--facts"]) if study.loaded is not None else ""
    yield from looked("its results", lambda: [_room(view, store_path(given), facts)])
    yield from _memory(view)
    yield Finding("its plan", closing(view).removeprefix("Plan: "))


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


def _room(view: "Outlook", store: Path, facts: str) -> Finding:
    """Whether what is to run has room on the disk; `facts` is a command that takes what sizes follow from, or empty."""
    from lmcspec.cli.doctor_places import existing
    from lmcspec.plan.render import size

    free, needed = shutil.disk_usage(existing(store)).free, view.peak_bytes
    waiting = len(view.waiting)
    unknown = sum(cost.work.stored is None for cost in view.running.values())
    told = f"{size(needed)} at most, of {size(free)} that are free"
    if unknown or (waiting and not view.running):
        known = f"{size(needed)} and more" if needed else "unknown how much"
        told = f"{known}, of {size(free)} that are free"
    if needed > free:
        return Finding("its results", told, "make room, or name a store on another disk with --store", "bad")
    if unknown:
        return Finding(
            "its results", told, f"{facts} takes the facts of models, from which sizes follow" if facts else ""
        )
    if waiting:
        return Finding("its results", f"{told}, without {waiting:,} tasks that are blocked")
    return Finding("its results", told)


def _memory(view: "Outlook") -> Iterator[Finding]:
    """The memory of the tasks that take most, of the machine and of a GPU where there is one, as far as it is known."""
    from lmcspec.engine.execute import job_of
    from lmcspec_runners.devices import machine

    here = machine()
    demands = [task.demand for task in job_of(view).tasks.values()]
    host = max((demand.host for demand in demands), default=0)
    yield from _held("its memory", host, here.cpu.host.memory, "this machine")
    if here.gpus:
        device = max((demand.device or 0 for demand in demands), default=0)
        yield from _held("its GPU memory", device, max(gpu.memory for gpu in here.gpus), "the largest GPU")


def _held(what: str, needed: int, there: int, owner: str) -> Iterator[Finding]:
    """What the largest task takes of the memory of a machine or a GPU; 0 stands for what is not known."""
    from lmcspec.plan.render import size

    told = f"{size(needed)} for a task as guessed or seen"
    if not needed:
        return
    if not there:
        yield Finding(what, told)
    elif needed > there:
        help = "if a task runs out of it, a smaller batch, or a device with more"
        yield Finding(what, f"{told}, of {size(there)} that {owner} has", help, "warn")
    else:
        yield Finding(what, f"{told}, of {size(there)} that {owner} has")

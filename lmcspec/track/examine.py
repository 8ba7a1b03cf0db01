"""The ledger held against the evidence: what a server has of a study, before anything is believed to be there."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from lmcspec.store import Store
from lmcspec.track.evidence import Evidence, mark_of
from lmcspec.track.ledger import Ledger
from lmcspec.track.sparing import Sparing

LEFT = "left/"
"""Notes of runs that a person deleted: by subject, with the id."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What of a study a server lacks, and what a person deleted there."""

    gone: str = ""
    """Why nothing of what was told can be relied on; empty where all of it is there."""
    deleted: tuple[str, ...] = ()
    """Subjects whose runs a person deleted."""
    experiment_deleted: str = ""
    """The id of the study's experiment, where a person deleted that."""


def judge(ledger: Ledger, study: str, invocations: Collection[str], held: Evidence | None) -> Finding:
    """The ledger about a study against what is there. Changes nothing."""
    known = ledger.known(study, invocations)
    believed = ledger.note(_mark(study))
    if held is None:
        return Finding(gone="its experiment is gone" if known or believed else "")
    if held.deleted:
        return Finding(experiment_deleted=held.experiment)
    deleted = tuple(sorted(subject for subject, held_run in held.runs.items() if held_run.deleted))
    if held.mark not in (believed, ledger.note(_next(study))):
        return Finding("it was not told last by this store", deleted)
    noted = ledger.notes(LEFT)
    for subject, run in known.items():
        left = LEFT + subject in noted
        held_run = held.runs.get(subject)
        if held_run is None and not left:
            return Finding("runs are gone", deleted)
        if held_run is not None and (held_run.run != run or (left and not held_run.deleted)):
            return Finding("runs have changed", deleted)
    return Finding("", deleted)


def learn(ledger: Ledger, server: Sparing, held: Evidence) -> None:
    """Enter the runs that are there and that the ledger does not know, and what series among them have been told."""
    known = ledger.runs("")
    for subject, held_run in held.runs.items():
        if known.get(subject) == held_run.run:
            continue
        ledger.assign(subject, held_run.run)
        if not subject.startswith("series/") or held_run.deleted:
            continue
        ledger.write(f"current/{held_run.run}", held_run.current or "true")
        base, _, number = subject.rpartition("#")
        if not (number.isdecimal() and len(number) < 10):
            continue  # no subject of ours
        if int(number) > int(ledger.note(f"generation/{base}") or 0):
            ledger.write(f"generation/{base}", number)
        ledger.add_points(held_run.run, server.points(held_run.run))


def spare(ledger: Ledger, server: Sparing, held: Evidence) -> list[str]:
    """Have deleted runs left alone; the subjects of those that were not known to be deleted."""
    noted = ledger.notes(LEFT)
    new = []
    for subject, held_run in held.runs.items():
        known = noted.get(LEFT + subject)
        if held_run.deleted:
            server.left.add(held_run.run)
            if known != held_run.run:
                ledger.write(LEFT + subject, held_run.run)
                new.append(subject)
        elif known:
            ledger.erase(LEFT + subject)
            server.left.discard(known)
            del noted[LEFT + subject]
    # And those of which the server has lost even the trace.
    server.left.update(noted.values())
    return new


def renew_mark(ledger: Ledger, server: Sparing, store: Store, study: str, experiment: str) -> None:
    """Give the experiment another mark. Whatever stops this between two steps, one of the two that are noted holds."""
    mark = secrets.token_hex(8)
    ledger.write(_next(study), mark)
    ledger.commit()
    server.mark(experiment, mark_of(store), mark)
    ledger.write(_mark(study), mark)
    ledger.erase(_next(study))


def _mark(study: str) -> str:
    return f"mark/{study}"


def _next(study: str) -> str:
    return f"next-mark/{study}"

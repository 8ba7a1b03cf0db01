"""Packing: a study of which the store has all, or what there is of it, into one archive."""

import io
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lmcspec.base.drafts import drafted
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.flush import flush
from lmcspec.base.typed_words import study_words
from lmcspec.engine.provenance import provenance
from lmcspec.plan import Plan
from lmcspec.plan.document import to_document
from lmcspec.plan.outlook import outlook
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.plan.render import closing
from lmcspec.report.crate import about as provenance_file
from lmcspec.report.crate import metadata, readme
from lmcspec.report.crate.about import About, about
from lmcspec.report.crate.metadata import Described
from lmcspec.report.crate.spec_files import SpecFiles, spec_files
from lmcspec.report.folder import report_contents
from lmcspec.report.records import records, write_csv
from lmcspec.report.study_part import Asked
from lmcspec.report.tidy import tidy
from lmcspec.store import Store, Stored, layout
from lmcspec.store.packing import MOST_PARTS, PackedFile, Packing
from lmcspec.store.remote_objects import NUMBERS, deliver, folder_of
from lmcspec.tasks import kind

Which = Literal["none", "results", "all"]
"""Objects to pack: none; all, but files of those alone that figures look at; or all as the store has them."""


class Packed(NamedTuple):
    """An archive that was written."""

    path: Path
    about: About
    parts: Mapping[str, PackedFile]
    objects: int

    def document(self) -> dict[str, Any]:
        """As plain data."""
        size = sum(part.bytes for part in self.parts.values())
        return {
            "file": str(self.path),
            "files": len(self.parts),
            "bytes": size,
            "packed": self.objects,
            **self.about,
        }


def pack(
    study: PlannedStudy, store: Store, output: Path, *, sets: Sequence[str], objects: Which, partial: bool, run: str
) -> Packed:
    """Write the archive of a study, whole or not at all; `run` is the command that finishes it.

    UsageError for a saved plan, a spec that can't be moved and an unfinished study without `partial`; StoreError where
    nothing is there, or something is damaged.
    """
    if study.loaded is None:
        raise UsageError("a saved plan holds no spec, and can't be packed", help="lmcspec pack SPEC")
    plan, files = study.plan, spec_files(study.loaded, sets)
    finished = _is_finished(plan, store, partial, run)
    stored = {task: result for task in sorted(plan.tasks) if (result := store.find(task)) is not None}
    counted = list(plan.counted)
    said = about(
        store,
        stored.values(),
        provenance("", study.loaded.path.parent),
        study=plan.study,
        spec=files.main,
        sets=list(sets),
        objects=objects,
        finished=finished,
        tasks=len(counted),
        stored=sum(task.id in stored for task in counted),
    )
    if not said.get("between"):
        raise StoreError(f"nothing of {plan.study} is in the store {store.root}", help=run)
    first = study.loaded.cases[0].study
    title = first.title or plan.study
    texts = dict(_texts(study, store, files, said, title))
    travelling = stored if objects != "none" else {}
    whole = frozenset(stored) if objects == "all" else _looked_at(plan)
    described: dict[str, Described] = {}
    with drafted(output) as draft, draft.open("wb") as file:
        with Packing(file) as packing:
            for name, (called, content) in texts.items():
                packing.write(name, content)
                described[name] = Described(called, packing.parts[name])
            for task, result in travelling.items():
                described |= _pack_object(store, packing, result, plan.tasks[task].label, whole=task in whole)
            text = metadata.metadata(described, said, title, readme.description(said), first.source)
            _refuse_many(len(described), text)
            packing.write(metadata.NAME, text)
        file.flush()
        flush(file.fileno())
    return Packed(output, said, packing.parts, len(travelling))


def _refuse_many(files: int, text: bytes) -> None:
    """UsageError where an archive would not be read again: what is read has bounds."""
    if files >= MOST_PARTS or len(text) > metadata.LARGEST:
        raise UsageError(
            f"{files:,} files are too many for one archive",
            help="pack less (--objects results or none), and send objects with lmcspec sync --objects URL",
        )


def _is_finished(plan: Plan, store: Store, partial: bool, run: str) -> bool:
    """Whether nothing is left to run. UsageError where that is so and nobody said `partial`."""
    view = outlook(plan, store, checked=True)
    if view.diff.nothing_to_do:
        return True
    if not partial:
        raise UsageError(
            f"{plan.study} is not finished. {closing(view)}",
            help=f"{run}, or pack what there is with --partial",
        )
    return False


def _texts(
    study: PlannedStudy, store: Store, files: SpecFiles, said: About, title: str
) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """(name, (title, content)) of all but objects, in the order of the archive."""
    yield readme.NAME, ("what this is", readme.readme(said, title).encode())
    yield from ((f"spec/{name}", ("the spec as written", content)) for name, content in files.contents.items())
    yield "resolved.json", ("the spec with all defaults, by case", _json(study.resolved))
    yield "plan.json", ("the plan, for `lmcspec run`", _json(to_document(study.plan)))
    table = io.StringIO(newline="")
    # Without the runs of MLflow's: they are of one server.
    write_csv(records(tidy(study.plan, store), {}), table)
    yield "results.csv", ("results, a line for each number", table.getvalue().encode())
    named = shlex.join(study_words([files.main], said["sets"]))
    pages, _ = report_contents([Asked(study, named)], store)
    yield from ((f"report/{name}", ("of the report", content)) for name, content in sorted(pages.items()))
    yield provenance_file.NAME, ("versions, processors, times and commits", _json(said))


def _looked_at(plan: Plan) -> frozenset[str]:
    """The tasks whose files figures of a finished study look at: what paths and planes are like, and distilled sets."""
    targets = {target.task for target in plan.targets}
    makes = {task.id: kind(task.kind).makes for task in plan.tasks.values()}
    return frozenset(task for task in makes if makes[task] == "set" or (makes[task] == "numbers" and task in targets))


def _json(document: Any) -> bytes:
    return (json.dumps(layout.spelled(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _pack_object(
    store: Store, packing: Packing, stored: Stored, label: str, *, whole: bool
) -> Iterator[tuple[str, Described]]:
    """(name, what it is) of each file of an object, which is in the archive now. DamagedError."""
    whole = whole and stored.has_outputs
    if whole:
        stored.out  # noqa: B018 (compares every file, and takes out what is damaged)
    deliver(store, packing, stored, whole=whole)
    folder, called = folder_of(stored.id), layout.COMMIT if whole else NUMBERS
    paths = {**(stored.result["files"] if whole else {}), **stored.record.get("files", {})}
    names = {f"{folder}/{entry['sha256']}": path for path, entry in paths.items()} | {f"{folder}/{called}": called}
    for name, path in sorted(names.items()):
        yield name, Described(f"{path} of {label}", packing.parts[name], path)

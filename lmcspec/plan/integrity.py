"""Whether a plan's document still is what its digests say: every part, every task, and all the rest of it.

A part stands under the digest of its value and a task under the hash of what it does, so an edited one no longer
stands under its own name. All else that a document says (labels, targets, notes, where data lie …) is covered by its
seal. Whoever makes a new seal for what they changed can mislead about names and places, but never about what a result
was made of: ids are worked out again from the parts, and data are held against their digests.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.base.ids import digest, short
from lmcspec.tasks import IDENTITY, own_id

SEAL = "digest"
AGAIN = "make it again with lmcspec plan SPEC -o FILE"


def seal(document: Mapping[str, Any]) -> str:
    """The digest of a whole document: parts by their digests, tasks by their ids with what these don't cover.

    Of its JSON with sorted keys as Python writes it, for plans may have 100,000 tasks.
    """
    rest = {key: value for key, value in document.items() if key not in (SEAL, "parts", "tasks")}
    tasks = {
        identifier: {key: value for key, value in entry.items() if key not in IDENTITY}
        for identifier, entry in document["tasks"].items()
    }
    text = json.dumps({**rest, "parts": sorted(document["parts"]), "tasks": tasks}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_seal(document: Mapping[str, Any], *, required: bool = False) -> None:
    """Raise StoreError where the seal is another than the document's own. The first versions recorded plans without."""
    if SEAL not in document:
        if required:
            raise StoreError(
                "this plan was saved by an earlier version, and nothing says whether it is whole", help=AGAIN
            )
        return
    if document[SEAL] != seal(document):
        raise StoreError(
            "this plan was edited or damaged after it was made: its tasks are whole, but labels, targets, notes or "
            "places of data are not what was saved",
            help=AGAIN,
        )


def check_parts(document: Mapping[str, Any]) -> None:
    """Raise StoreError where a part or a task is not what its digest says."""
    for name, value in document["parts"].items():
        if digest(value) != name:
            raise StoreError(
                f"this plan was edited or damaged: the part {short(name)} is another ({_named(value)})", help=AGAIN
            )
    for identifier, entry in document["tasks"].items():
        by_content = own_id(entry)
        if by_content != identifier:
            raise StoreError(
                f"this plan was edited or damaged: the task {entry['label']}, {short(identifier)}, "
                f"has the id {short(by_content)} by what it does",
                help=AGAIN,
            )


def check_references(document: Mapping[str, Any]) -> None:
    """Raise StoreError where the document refers to a task, a part, a network or a level that it does not have.

    Its values have their types by then.
    """
    for what in _dangling(document):
        raise StoreError(f"this is not a whole saved plan: {what}", help=AGAIN)


def _dangling(document: Mapping[str, Any]) -> Iterator[str]:
    tasks, parts = document["tasks"], document["parts"]
    levels = {
        (of_network["case"], of_network["network"]): {level["number"] for level in of_network["levels"]}
        for of_network in document["levels"]
    }
    for identifier, entry in tasks.items():
        for name, source in entry["inputs"].items():
            if source not in tasks:
                yield f"the input {name} of {entry['label']}, {short(source)}, is no task of it"
        if identifier in entry["inputs"].values():
            yield f"{entry['label']} takes its own result"
    for role, task in document["roles"].items():
        if task not in tasks:
            yield f"at {role} stands {short(task)}, which is no task of it"
    for target in document["targets"]:
        place = f"{target['measure']} of {target['network']}"
        for task in (target["task"], target["mask"]):
            if task is not None and task not in tasks:
                yield f"{place} rests on {short(task)}, which is no task of it"
        if target["level"] not in levels.get((target["case"], target["network"]), ()):
            yield f"{place} looks at level {target['level']}, which is none of its levels"
    for key in ("verdicts", "series"):
        for entry in document[key]:
            for network in entry.get("networks", [entry.get("network")]):
                if (entry["case"], network) not in levels:
                    yield f"{key} name {network!r}, which is no network of it"
    for key in ("neutral", "facts", "missing"):
        for name in document[key]:
            if name not in parts:
                yield f"{key} tell of {short(name)}, which is no part of it"
    for name in document["images"]:
        if name not in parts and name not in tasks:
            yield f"images are counted of {short(name)}, which is in no part of it"
    for name, facts in document["facts"].items():
        if min(facts["train"], facts["classes"], *facts["shape"]) < 1:
            yield f"{short(name)} has no images"
    for name, count in document["images"].items():
        if count < 1:
            yield f"{short(name)} has no images"
    for entry in tasks.values():
        for part in (entry["params"].get("data"), entry["params"].get("train_on")):
            if part is not None and part not in document["neutral"] and part not in document["missing"]:
                yield f"nothing says where the images of {entry['label']}, {short(part)}, lie"


def _named(value: Any) -> str:
    """The keys of a part, by which it is known whether that is a recipe, a model or data."""
    return ", ".join(list(map(str, value))[:4]) if isinstance(value, Mapping) else type(value).__name__

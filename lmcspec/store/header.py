"""store.json, which makes a folder a store: read, made, and held against what this version knows."""

from pathlib import Path
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.store import layout, shapes

ELSEWHERE = "choose another folder with --store or LMCSPEC_STORE"
_OURS = {*layout.FOLDERS, layout.STORE}


def read(root: Path) -> Any:
    """What store.json says, None if there is none where one may be made; StoreError where none may be."""
    try:
        return layout.read_json(root, root / layout.STORE, shapes.Header)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except ValueError as error:
        raise StoreError(
            f"{root / layout.STORE} is not readable JSON: {error}",
            help='restore it from a copy, or write {"id": "<32 hex digits>", "version": 1} there: '
            "the objects are unhurt",
        ) from error
    if root.exists() and not root.is_dir():
        raise StoreError(f"{root} is a file, not a folder, so it can't be a store", help=ELSEWHERE)
    # A store whose making was cut short has nothing but our own folders and drafts.
    foreign = [name for name in beneath.names(root, root) if name not in _OURS and not layout.is_draft(name)]
    if foreign:
        raise StoreError(
            f"{root} is not empty and not a store: it holds {foreign[0]!r}" + (" and more" if foreign[1:] else ""),
            help=f"{ELSEWHERE}, for instance {root / '.lmcspec'}",
        )
    return None


def stands(root: Path) -> bool:
    """Whether a store is where it was: its header, and the folders without which no task gets anywhere."""
    return beneath.is_file(root, root / layout.STORE) and all(
        beneath.is_folder(root, root / name) for name in ("objects", "attempts", "leases", "partial")
    )


def create(root: Path) -> Any:
    """Make a store in this folder, or join whoever is making it; what its store.json says."""
    root.mkdir(parents=True, exist_ok=True)
    for name in layout.FOLDERS:
        beneath.make_folders(root, root / name)
    # Last, and only one of several makers wins: a folder with a store.json is a whole store.
    layout.create_json(root, root / layout.STORE, {"id": layout.new_name(), "version": layout.VERSION}, durable=True)
    beneath.sync(root.parent, root.parent)
    return layout.read_json(root, root / layout.STORE, shapes.Header)


def checked(root: Path, document: Any) -> str:
    """The store's id; StoreError for one of a later version."""
    if document["version"] > layout.VERSION:
        raise StoreError(
            f"the store {root} has version {document['version']}, and this lmcspec knows up to {layout.VERSION}",
            help=f"upgrade lmcspec, or {ELSEWHERE}",
        )
    return document["id"]

"""Small documents worked out once and kept in the store, such as a model's size; nothing depends on them."""

from typing import Any

from lmcspec.store import layout
from lmcspec.store.store import Store


def remember(store: Store, key: str, document: dict[str, Any]) -> None:
    """Keep a document under a key, the digest of what it was worked out from. A disk that refuses it is no error."""
    layout.cache_json(store.root, store.root / "facts" / f"{layout.checked_id(key)}.json", document)


def recall(store: Store, key: str) -> dict[str, Any] | None:
    """What was kept under a key; None if nothing readable was."""
    try:
        return layout.read_json(store.root, store.root / "facts" / f"{layout.checked_id(key)}.json", dict[str, Any])
    except (OSError, ValueError):
        return None

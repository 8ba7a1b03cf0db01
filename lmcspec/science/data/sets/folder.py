"""Image folders, decoded once: later loads map the arrays, and only changed files are decoded again. No torch."""

import io
import logging
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from lmcspec.base import ids
from lmcspec.base.documents import read_bytes
from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.science.data.arrays import Arrays, DataError, combine
from lmcspec.science.data.cache import cache_folder, keep, kept_array, whole
from lmcspec.science.data.sets.decode import CentralSquare, Resize, decode_into, first_shape
from lmcspec.science.data.sets.listing import Listing, list_images
from lmcspec.science.data.sets.stamps import CHANGED, FIELDS, settled

log = logging.getLogger(__name__)
_LARGEST_INDEX = 2**31
SCALE = 255.0
_COPIED = 4096
_ZEROS = bytes(2**20)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A folder as it was last decoded: images uint8 (n, 3, H, W), their sha256 (n, 32), and where they came from."""

    listing: Listing
    images: np.ndarray
    digests: np.ndarray
    facts: DataFacts


def load(config: Named, root: Path | None) -> Arrays:
    """root/train/CLASS/* and root/test/CLASS/* (or val) as RGB; classes and files in the order of their names.

    The arrays are mapped from the user's cache folder, and shared by all processes that map them. Raises MissingData
    (a FileNotFoundError) where there is no such folder, DataError naming the file or folder that is wrong.
    """
    return arrays(read(root, getattr(config, "resize", None)))


def facts(config: Named, root: Path | None) -> DataFacts:
    """Digest, sizes, classes and shape of a folder. Decodes what has changed since the last look; raises as `load`."""
    return read(root, getattr(config, "resize", None)).facts


def arrays(decoded: Read) -> Arrays:
    """The training and test images of a folder that was read."""
    train, labels, classes = decoded.listing.train, decoded.listing.labels, decoded.listing.classes
    parts = decoded.images[:train], labels[:train], decoded.images[train:], labels[train:]
    return Arrays(*parts, len(classes), SCALE, names=classes, digest=decoded.facts.digest)


def read(root: Path | None, resize: int | None = None) -> Read:
    """Everything about a folder, from the cache as far as the files' stamps are the same."""
    return read_listed(list_images(root), resize)


def read_listed(listing: Listing, resize: Resize = None) -> Read:
    """As `read`, of a folder that was looked through already."""
    form = [resize.side, resize.crop] if isinstance(resize, CentralSquare) else resize
    name = [str(listing.root.resolve()), form, *([list(listing.classes)] if listing.chosen else [])]
    place = cache_folder("folders", ids.digest(name)[:24])
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / "lock")
        lock.acquire()
    except OSError as error:
        log.warning("images are decoded anew each time: %s (LMCSPEC_CACHE names another folder)", error)
        return _decoded(listing, resize, None, None)
    try:
        known = _Index.read(place)
        if known is not None and known.holds(listing):
            images = kept_array(place / f"{known.digest}.npy")
            if images is not None and len(images) == len(listing.names):
                return _read(listing, images, known.digests, known.digest)
        return _decoded(listing, resize, place, known)
    finally:
        lock.release()


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """What the cache knows of a folder: names, stamps (n, 5; size -1 where a file was too fresh), digests (n, 32)."""

    names: tuple[str, ...]
    stamps: np.ndarray
    digests: np.ndarray
    digest: str

    @staticmethod
    def read(place: Path) -> "_Index | None":
        try:
            with np.load(
                io.BytesIO(read_bytes(place / "index.npz", largest=_LARGEST_INDEX)), allow_pickle=False
            ) as stored:
                names = tuple(stored["names"].tobytes().decode("utf-8", "surrogateescape").split("\0"))
                index = _Index(names, stored["stamps"], stored["digests"], str(stored["digest"]))
        except Exception:  # noqa: BLE001 (a damaged archive, and arrays whose headers numpy reads as Python)
            return None
        sound = index.stamps.dtype.kind in "iu" and index.digests.dtype == np.uint8
        shapes = (index.stamps.shape, index.digests.shape)
        return index if sound and shapes == ((len(index.names), FIELDS), (len(index.names), 32)) else None

    def write(self, place: Path) -> None:
        content = io.BytesIO()
        names = np.frombuffer("\0".join(self.names).encode("utf-8", "surrogateescape"), dtype=np.uint8)
        np.savez(content, names=names, stamps=self.stamps, digests=self.digests, digest=np.array(self.digest))
        keep(place / "index.npz", content.getvalue())

    def holds(self, listing: Listing) -> bool:
        return self.names == listing.names and np.array_equal(self.stamps, listing.stamps)


def _decoded(listing: Listing, resize: Resize, place: Path | None, known: _Index | None) -> Read:
    """Decode the files that `known` does not hold, take the others from its array, and keep the result in `place`."""
    count = len(listing.names)
    shape = (count, *first_shape(listing.root, listing.names, resize))
    digests = np.zeros((count, 32), dtype=np.uint8)
    if place is not None:
        try:
            with whole(place / "new.npy") as temporary:
                _fill(_room(temporary, shape), digests, listing, resize, place, known)
            digest = _digest(listing, shape[1:], digests)
            (place / "new.npy").replace(place / f"{digest}.npy")
        except OSError as error:
            log.warning("decoded images are not kept: %s (LMCSPEC_CACHE names another folder)", error)
        else:
            stamps = listing.stamps.copy()
            stamps[~settled(stamps[:, CHANGED], listing.looked), 0] = -1
            _Index(listing.names, stamps, digests, digest).write(place)
            for stale in place.glob("*.npy"):
                if stale.stem != digest:
                    stale.unlink(missing_ok=True)
            images = kept_array(place / f"{digest}.npy")
            if images is not None:
                return _read(listing, images, digests, digest)
    images = _memory(listing, shape)
    _fill(images, digests, listing, resize, place, known)
    return _read(listing, images, digests, _digest(listing, shape[1:], digests))


def _fill(
    images: np.ndarray,
    digests: np.ndarray,
    listing: Listing,
    resize: Resize,
    place: Path | None,
    known: _Index | None,
) -> None:
    """Write every image and its sha256: from the cache where the file is the same as then, else by decoding it."""
    same = np.full(len(listing.names), -1, dtype=np.int64)
    old = kept_array(place / f"{known.digest}.npy") if place and known else None
    if known is not None and old is not None and old.shape[1:] == images.shape[1:] and len(old) == len(known.names):
        rows = {name: row for row, name in enumerate(known.names)}
        same[:] = [rows.get(name, -1) for name in listing.names]
        same[(known.stamps[same] != listing.stamps).any(axis=1)] = -1
        kept = np.flatnonzero(same >= 0)
        for start in range(0, len(kept), _COPIED):
            part = kept[start : start + _COPIED]
            images[part] = old[same[part]]
        digests[kept] = known.digests[same[kept]]
    decode_into(images, digests, np.flatnonzero(same < 0).tolist(), listing.root, listing.names, resize)


def _memory(listing: Listing, shape: tuple[int, ...]) -> np.ndarray:
    """An array in memory; DataError where it would fill it."""
    from psutil import virtual_memory

    size = math.prod(shape)
    if size > virtual_memory().total // 2:
        raise DataError(
            f"the decoded images of {listing.root} take {size / 1e9:,.0f} GB; the cache folder has no room for them",
            help="LMCSPEC_CACHE names a folder on another disk; a smaller `resize` takes less",
        )
    return np.empty(shape, dtype=np.uint8)


def _room(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a file whose blocks are allocated beforehand: writing to a mapped page of a full disk would kill."""
    mapped = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    with open(path, "r+b") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        else:
            # As on macOS: what has been written has its blocks.
            file.seek(mapped.offset)
            for start in range(0, mapped.nbytes, len(_ZEROS)):
                file.write(_ZEROS[: mapped.nbytes - start])
    return mapped


def _digest(listing: Listing, shape: tuple[int, ...], digests: np.ndarray) -> str:
    train, labels = listing.train, listing.labels
    channels, height, width = shape
    return combine(
        len(listing.classes),
        (channels, height, width),
        SCALE,
        (digests[:train], labels[:train]),
        (digests[train:], labels[train:]),
    )


def _read(listing: Listing, images: np.ndarray, digests: np.ndarray, digest: str) -> Read:
    _, channels, height, width = images.shape
    facts = DataFacts(
        digest,
        listing.train,
        len(listing.names) - listing.train,
        len(listing.classes),
        (channels, height, width),
        names=listing.classes,
        sizes=tuple(np.bincount(listing.labels[: listing.train]).tolist()),
    )
    return Read(listing, images, digests, facts)

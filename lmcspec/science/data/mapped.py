"""Images that stay on the host, most of all in a mapped file: batches are gathered there and moved to the device."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lmcspec.science.data.space import as_tensor

AHEAD = 2
"""Batches that are read while one is being trained on."""
READERS = 4
"""Threads that read one batch: where pages come from a disk, waiting for one should not keep the others."""
SHARE = 4
"""A set that would fill more than one part in so many of a device's memory stays on the host."""
_SMALL = 2**28
"""Bytes that fit anywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """Images (n, C, H, W), uint8 or float32, in an array on the host; taken by index, they come on `device`.

    With `rows`, int64 (n,), these images of the array in this order; none of them is copied for it.
    """

    array: np.ndarray
    device: torch.device
    rows: np.ndarray | None = None
    dtype: torch.dtype = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "array", np.asarray(self.array))  # a memmap's own class costs time at every access
        object.__setattr__(self, "dtype", as_tensor(self.array[:0]).dtype)

    def __len__(self) -> int:
        return len(self.array) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(images, channels, height, width), as a tensor of them has it."""
        return (len(self), *self.array.shape[1:])

    def numel(self) -> int:
        """How many numbers all images have together."""
        return len(self) * int(np.prod(self.array.shape[1:]))

    def __getitem__(self, indices: Tensor) -> Tensor:
        """The images at `indices` int64 (n,), in that order."""
        return _Batch(self, indices, None).ready()

    def subset(self, indices: Tensor) -> "Mapped":
        """The images at `indices`, in that order."""
        return Mapped(self.array, self.device, self.places(indices))

    def places(self, indices: Tensor) -> np.ndarray:
        """Where in the array the images at `indices` lie; IndexError where there are none."""
        wanted = indices.cpu().numpy()
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < len(self)):
            raise IndexError(f"indices must lie in 0 … {len(self) - 1}")
        return wanted if self.rows is None else self.rows[wanted]


def read_ahead(wanted: Iterable[tuple[Mapped, Tensor]]) -> Iterator[Tensor]:
    """`images[indices]` for each of `wanted`, in order; meanwhile threads read the next ones."""
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="lmcspec-read")
    under_way: deque[_Batch] = deque()
    try:
        for images, indices in wanted:
            under_way.append(_Batch(images, indices, pool))
            if len(under_way) > AHEAD:
                yield under_way.popleft().ready()
        while under_way:
            yield under_way.popleft().ready()
    finally:
        pool.shutdown(cancel_futures=True)


def stays_on_host(size: int, device: torch.device) -> bool:
    """Whether images of so many bytes are too many for the device's memory."""
    if size <= _SMALL:
        return False
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory
    else:
        import psutil

        memory = psutil.virtual_memory().total
    return size > memory // SHARE


class _Batch:
    """One batch on its way: gathered on the host, by threads if there are any, then moved."""

    def __init__(self, images: Mapped, indices: Tensor, pool: ThreadPoolExecutor | None) -> None:
        places = images.places(indices)
        shape = (len(places), *images.array.shape[1:])
        self._device = images.device
        # Pinned memory is copied to a GPU while this process goes on; torch keeps it until that is done.
        self._room = torch.empty(shape, dtype=images.dtype, pin_memory=images.device.type == "cuda")
        out = self._room.numpy()
        self._parts: list[Future[None]] = []
        if pool is None:
            _take(images.array, places, out)
            return
        size = max(1, -(-len(places) // READERS))
        for start in range(0, len(places), size):
            part = slice(start, start + size)
            self._parts.append(pool.submit(_take, images.array, places[part], out[part]))

    def ready(self) -> Tensor:
        """The images on their device, once they are read."""
        for part in self._parts:
            part.result()
        return self._room.to(self._device, non_blocking=True)


def _take(array: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    # Without a mode numpy would gather into a copy of `out` first; the places were checked before.
    np.take(array, places, axis=0, out=out, mode="clip")

"""What a store knows of the past: how an attempt ended, how long work took."""

import weakref
from functools import cached_property

from lmcspec.plan.speeds import short_name
from lmcspec.store import DamagedError, Index, Rate, Store, last_ending, layout, verify
from lmcspec.tasks.checkpointed import stands


class StoreHistory:
    """Answers reasons and costs from a store; nothing is written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates: dict[tuple[str, str, str], Rate | None] = {}
        self._peaks: dict[tuple[str, str], tuple[int | None, int | None]] = {}

    @cached_property
    def _index(self) -> Index:
        index = Index(self._store)
        weakref.finalize(self, index.close)
        return index

    def state(self, task_id: str) -> str:
        """`absent`, `stored`, `dropped`, `missing`, `corrupt`, `failed` or `interrupted`."""
        try:
            stored = self._store.read(task_id)
        except DamagedError:
            return "corrupt"
        if stored is not None:
            damage = [piece for piece in verify(self._store, [task_id], full=False) if piece.part == "result"]
            if damage:
                return damage[0].problem
            return "stored" if stored.has_outputs else "dropped"
        ending = last_ending(self._store, task_id)
        return ending.how if ending else "absent"

    def stands(self, task_id: str) -> str:
        """Where the checkpoint of an unfinished task stands, such as `update 1,200`; nothing where there is none."""
        return checkpoint_stands(self._store, task_id)

    def rates(self, kind: str, model: str, device: str = "") -> Rate | None:
        """Seconds per unit of tasks of this kind with this model, on any device or on those of one model."""
        key = (kind, model, device)
        if key not in self._rates:
            self._rates[key] = self._index.rates(kind, model, self._called(device) if device else None)
        return self._rates[key]

    def _called(self, device: str) -> list[str]:
        """What devices of that model call themselves in this store."""
        return [name for name, short in self._devices.items() if short == short_name(device)]

    @cached_property
    def _devices(self) -> dict[str, str]:
        return {name: short_name(name) for name in self._index.devices()}

    def peaks(self, kind: str, model: str) -> tuple[int | None, int | None]:
        """Bytes of host and GPU that tasks of this kind with this model took at most."""
        key = (kind, model)
        if key not in self._peaks:
            self._peaks[key] = self._index.peaks(kind, model)
        return self._peaks[key]


def checkpoint_stands(store: Store, task: str) -> str:
    """Where a task's checkpoint in the store says that it stands: `update 1,200`."""
    return stands(store.root, layout.partial_folder(store.root, task))

"""Which slot takes a task: what is idle, and what of each device and host is still free. Pure."""

import heapq
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from lmcspec.engine.devices import Device, Host

Pool = Literal["cpu", "gpu"]


class Demand(NamedTuple):
    """What a task takes while it runs. A guess may be wrong, so that none is too much: more than there is is all."""

    gains: bool = True
    """Whether a GPU makes it faster. What gains nothing stays off GPUs where there are CPU slots."""
    device: int | None = None
    """Bytes of a GPU's memory; None where nothing is known: an even share among the slots of the device."""
    host: int = 0
    """Bytes of the host's memory."""
    threads: int = 1
    alone: bool = False
    """Whether its device has to be empty but for it."""


MODEST = Demand()
"""That of a task of which nothing is said."""


def pools(devices: Iterable[Device]) -> dict[bool, Pool]:
    """On which kind of device a task runs, by whether it gains from a GPU."""
    kinds = {device.kind for device in devices}
    return {True: "gpu" if "gpu" in kinds else "cpu", False: "cpu" if "cpu" in kinds else "gpu"}


class _Taken(NamedTuple):
    """What a running task has taken of its device and its host, which it gives back."""

    memory: int
    host_memory: int
    threads: int


class Placement:
    """Slots by number, of which `devices[slot]` is the device. A slot holds one task at a time.

    A task that gains from a GPU runs on GPUs only, unless there is none; one that doesn't on CPUs only, unless there
    is none. What tasks take of a device's memory, and of the memory and the cores of its host, never adds up to more
    than there is, but for a task that wants it all. Of the devices with room the one with the fewest tasks is chosen.
    """

    def __init__(self, devices: Sequence[Device]) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        """Devices by the names of their hosts and their own."""
        self._devices: list[Device] = []
        self._slots: list[int] = []
        """How many each device has."""
        self._on_host: dict[str, int] = {}
        """How many each host has."""
        self._idle: list[list[int]] = []
        self._running: list[int] = []
        self._memory: list[int] = []
        self._host_memory: dict[str, int] = {}
        self._host_threads: dict[str, int] = {}
        self._device_of = [self._joined(device) for device in devices]
        self._pools = pools(devices)
        self._open: set[int] = set()
        self._busy: dict[int, _Taken] = {}
        self.retired: set[int] = set()
        """Slots that are never opened again."""
        self._exclusive: set[int] = set()
        self._idle_in: dict[Pool, int] = {"cpu": 0, "gpu": 0}
        self._queues: dict[Pool, list[tuple[int, int]]] = {"cpu": [], "gpu": []}
        """(tasks, device) of devices with an idle slot, the emptiest first; what is out of date is passed over."""
        self._queued: set[tuple[int, int]] = set()

    @property
    def slots(self) -> int:
        """How many there are."""
        return len(self._device_of)

    def pool(self, demand: Demand) -> Pool:
        """On which kind of device it runs here."""
        return self._pools[demand.gains]

    def idle(self, pool: Pool) -> bool:
        """Whether any slot of this kind could take a task."""
        return self._idle_in[pool] > 0

    @property
    def any_idle(self) -> bool:
        """Whether any slot at all could."""
        return any(self._idle_in.values())

    def open(self, slot: int) -> None:
        """The slot can take tasks from now on."""
        if slot not in self._open:
            self._open.add(slot)
            if slot not in self._busy:
                self._enter(slot)

    def close(self, slot: int) -> None:
        """The slot can take none until it is opened again."""
        if slot in self._open:
            self._open.discard(slot)
            if slot not in self._busy:
                self._leave(slot)

    def retire(self, slot: int) -> None:
        """The slot, which is closed, is never opened again."""
        self.retired.add(slot)

    def lasts(self, demand: Demand) -> bool:
        """Whether a slot that could take a task of this demand may still open, or is open."""
        pool = self.pool(demand)
        return any(
            slot not in self.retired and self._devices[number].kind == pool
            for slot, number in enumerate(self._device_of)
        )

    def move(self, slot: int, device: Device) -> None:
        """The slot, which is closed and has no task, is part of this device of the same kind from now on."""
        number = self._device_of[slot]
        self._slots[number] -= 1
        self._on_host[self._devices[number].host.name] -= 1
        self._device_of[slot] = self._joined(device)

    def take(self, demand: Demand, claimed: Collection[int] = ()) -> int | None:
        """The slot on which a task of this demand runs from now on; None where there is no room for it now.

        Devices that are `claimed` for another task are left out.
        """
        pool, passed, slot = self.pool(demand), [], None
        queue = self._queues[pool]
        while queue:
            running, number = queue[0]
            if running != self._running[number] or not self._idle[number]:
                self._queued.discard(heapq.heappop(queue))
                continue
            if number not in claimed and self._fits(demand, number):
                slot = self._idle[number][0]
                break
            passed.append(heapq.heappop(queue))
            if demand.alone and running:
                break  # none of the rest is empty
        for entry in passed:
            heapq.heappush(queue, entry)
        if slot is not None:
            self._occupy(slot, demand)
        return slot

    def lasting(self, pool: Pool) -> int:
        """How many slots of this kind take tasks, or will."""
        return sum(
            slot not in self.retired and self._devices[number].kind == pool
            for slot, number in enumerate(self._device_of)
        )

    def widen(self, slot: int, demand: Demand, most: int) -> tuple[int, int | None]:
        """Let the slot's task take what several of its demand do, at most so many more.

        How many more there is room for, and the bytes of a GPU's memory that all of them may fill: its share of the
        device, if nobody else has taken of that (None where it is not known). What they take of the host is kept free.
        """
        number, taken = self._device_of[slot], self._busy[slot]
        device, room = self._devices[number], None
        if demand.alone:
            return 0, None
        if device.kind == "gpu" and device.memory:
            room = max(taken.memory, device.memory // self._slots[number])
            if self._memory[number] - taken.memory + room > device.memory:
                return 0, None
            self._memory[number] += room - taken.memory
        host, each = device.host, self._of_host(demand, number)
        if each:
            most = min(most, max(0, host.memory - self._host_memory[host.name]) // each)
            self._host_memory[host.name] += most * each
        held = taken.memory if room is None else room
        self._busy[slot] = taken._replace(memory=held, host_memory=taken.host_memory + most * each)
        return most, room

    def claim(self, demand: Demand) -> frozenset[int]:
        """Devices on which nothing else starts, so that what found no room will: the emptiest, or all of its host."""
        pool = self.pool(demand)
        opened = {self._device_of[slot] for slot in self._open}
        numbers = [
            number for number in sorted(opened) if self._devices[number].kind == pool and number not in self._exclusive
        ]
        if not numbers:
            return frozenset()
        number = min(numbers, key=self._running.__getitem__)
        if self._fits_device(demand, number) and not self._fits_host(demand, number):
            load = {self._devices[place].host.name: 0 for place in numbers}
            for device, running in zip(self._devices, self._running, strict=True):
                if device.host.name in load:
                    load[device.host.name] += running
            host = min(load, key=load.__getitem__)
            return frozenset(place for place, device in enumerate(self._devices) if device.host.name == host)
        return frozenset([number])

    def free(self, slot: int) -> None:
        """The task in the slot has ended."""
        taken = self._busy.pop(slot)
        number = self._device_of[slot]
        host = self._devices[number].host.name
        self._running[number] -= 1
        self._memory[number] -= taken.memory
        self._host_memory[host] -= taken.host_memory
        self._host_threads[host] -= taken.threads
        self._exclusive.discard(number)
        if slot in self._open:
            self._enter(slot)
        else:
            self._note(number)

    def _joined(self, device: Device) -> int:
        """The number of a device with one more slot."""
        place = device.host.name, device.name
        number = self._numbers.setdefault(place, len(self._devices))
        if number == len(self._devices):
            self._devices.append(device)
            self._idle.append([])
            for counts in (self._slots, self._running, self._memory):
                counts.append(0)
            for of_host in (self._on_host, self._host_memory, self._host_threads):
                of_host.setdefault(device.host.name, 0)
        self._slots[number] += 1
        self._on_host[device.host.name] += 1
        return number

    def _occupy(self, slot: int, demand: Demand) -> None:
        number = self._device_of[slot]
        host = self._devices[number].host.name
        self._leave(slot)
        taken = _Taken(self._of_device(demand, number), self._of_host(demand, number), self._threads(demand, number))
        self._busy[slot] = taken
        self._running[number] += 1
        self._memory[number] += taken.memory
        self._host_memory[host] += taken.host_memory
        self._host_threads[host] += taken.threads
        if demand.alone:
            self._exclusive.add(number)
        self._note(number)

    def _enter(self, slot: int) -> None:
        number = self._device_of[slot]
        heapq.heappush(self._idle[number], slot)
        self._idle_in[self._devices[number].kind] += 1
        self._note(number)

    def _leave(self, slot: int) -> None:
        idle = self._idle[self._device_of[slot]]
        if idle[0] == slot:
            heapq.heappop(idle)
        else:
            del idle[idle.index(slot)]
            heapq.heapify(idle)
        self._idle_in[self._devices[self._device_of[slot]].kind] -= 1

    def _note(self, number: int) -> None:
        entry = self._running[number], number
        if self._idle[number] and entry not in self._queued:
            self._queued.add(entry)
            heapq.heappush(self._queues[self._devices[number].kind], entry)

    def _fits(self, demand: Demand, number: int) -> bool:
        return self._fits_device(demand, number) and self._fits_host(demand, number)

    def _fits_device(self, demand: Demand, number: int) -> bool:
        if number in self._exclusive or (demand.alone and self._running[number]):
            return False
        room = self._devices[number].memory
        return not room or self._memory[number] + self._of_device(demand, number) <= room

    def _fits_host(self, demand: Demand, number: int) -> bool:
        host = self._devices[number].host
        if host.memory and self._host_memory[host.name] + self._of_host(demand, number) > host.memory:
            return False
        return self._host_threads[host.name] + self._threads(demand, number) <= self._cores(host)

    def _of_device(self, demand: Demand, number: int) -> int:
        device = self._devices[number]
        if device.kind == "cpu" or not device.memory or not demand.gains:
            return 0
        share = device.memory // self._slots[number]
        return share if demand.device is None else min(demand.device, device.memory)

    def _of_host(self, demand: Demand, number: int) -> int:
        host = self._devices[number].host
        return min(demand.host, host.memory) if host.memory else 0

    def _threads(self, demand: Demand, number: int) -> int:
        return min(demand.threads, self._cores(self._devices[number].host))

    def _cores(self, host: Host) -> int:
        """Those of a host. Whoever asks for more slots than cores gets them."""
        return max(host.threads, self._on_host[host.name])

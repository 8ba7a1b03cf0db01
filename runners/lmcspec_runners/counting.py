"""How many slots this machine has, for whoever wants no more than to say so."""

import os

from lmcspec.plan.simulate import Slots
from lmcspec_runners.capacity import DECLARED, cores, nvidia_smi, refuse_more


def slots_here(workers: int | None = None, devices: str = "") -> Slots:
    """How many tasks run at a time here, by the slots of `devices.slots`. UsageError and BlockedError as there."""
    if devices or os.environ.get(DECLARED, "").strip() or nvidia_smi() is not None:
        # It needs the engine, which takes as long to import as all of a plan; without a GPU there is no need.
        from lmcspec_runners.devices import slots

        kinds = [slot.device.kind for slot in slots(workers, devices)]
        return Slots(kinds.count("cpu"), kinds.count("gpu"))
    refuse_more(workers or 0, cores())
    return Slots(workers or cores())

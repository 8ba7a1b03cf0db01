"""How many slots this machine has, for whoever wants no more than to say so."""

import os

from lmcspec_runners.capacity import DECLARED, cores, nvidia_smi, refuse_more


def slot_count(workers: int | None = None, devices: str = "") -> int:
    """How many tasks run at a time here, by the slots of `devices.slots`. UsageError and BlockedError as there."""
    if devices or os.environ.get(DECLARED, "").strip() or nvidia_smi() is not None:
        # It needs the engine, which takes as long to import as all of a plan; without a GPU there is no need.
        from lmcspec_runners.devices import slots

        return len(slots(workers, devices))
    refuse_more(workers or 0, cores())
    return workers or cores()

"""What a run takes besides its tasks: starting workers and first imports, and handing over each task."""

from typing import TYPE_CHECKING, NamedTuple

from lmcspec.base.ids import digest

if TYPE_CHECKING:
    from lmcspec.store import Store

_KEY = digest(["calibration", 1])
_LONGEST = 86_400.0


class Calibration(NamedTuple):
    """Seconds at the start of a run, and seconds per task on top of its own."""

    startup: float = 5.0
    overhead: float = 0.02


def calibration(store: "Store | None") -> Calibration:
    """What the last run in this store took, or a guess where there was none."""
    if store is None:
        return Calibration()
    from lmcspec.store import recall

    document = recall(store, _KEY) or {}
    startup, overhead = document.get("startup"), document.get("overhead")
    # A guess serves as well as what a damaged file says.
    if not isinstance(startup, float) or not isinstance(overhead, float) or not 0 <= startup + overhead < _LONGEST:
        return Calibration()
    return Calibration(startup, overhead)


def calibrate(store: "Store", measured: Calibration) -> None:
    """Remember what a run took, for the prediction of the next. A disk that refuses it is no error."""
    from lmcspec.store import remember

    remember(store, _KEY, measured._asdict())

"""Reading a study, and how long that took for who asks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.cli.output import phase

if TYPE_CHECKING:
    from lmcspec.plan.planned_study import PlannedStudy
    from lmcspec.store import Store


def read_study(spec: Path, sets: Sequence[str], store: "Store | None", max_tasks: int = 100_000) -> "PlannedStudy":
    """A spec or saved plan, read and planned."""
    from lmcspec.plan import planned_study

    with phase(f"read and planned {spec}"):
        return planned_study.read_study(spec, sets, store, max_tasks)

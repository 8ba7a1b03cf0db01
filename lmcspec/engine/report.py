"""How one try at a task ended."""

from dataclasses import asdict, dataclass, field
from typing import Any

from lmcspec.engine.failures import Failure
from lmcspec.store import Store, Stored, holder


@dataclass(frozen=True, slots=True)
class Report:
    """How one try at a task ended, as it travels to the driver."""

    status: str
    """`done`, `reused` (it was in the store, or another worker was first), `busy` (another holds the lease),
    `failed`, `interrupted`, or `apart`: it was handed over along with another task, and is to run by itself."""
    seconds: float
    outcome: str = "ok"
    scalars: dict[str, Any] = field(default_factory=dict)
    byproducts: tuple[str, ...] = ()
    """What this very run committed in passing."""
    failure: Failure | None = None
    holder: str = ""
    note: str = ""

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def read(document: dict[str, Any]) -> "Report":
        """The report that `document` made the data of."""
        failure = document["failure"]
        values = {**document, "byproducts": tuple(document["byproducts"])}
        return Report(**{**values, "failure": Failure.read(failure) if failure else None})


def reused(stored: Stored) -> Report:
    """That of a task which was in the store."""
    return Report("reused", 0.0, stored.outcome, stored.scalars)


def busy(store: Store, identifier: str) -> Report:
    """That of a task which another process does."""
    owner = holder(store, identifier)
    name = f"process {owner.process.pid} on {owner.process.host}" if owner else "another process"
    return Report("busy", 0.0, holder=name)

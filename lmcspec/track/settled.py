"""What was settled with a server: the series of a plan of which nothing had to run, and so no journal tells."""

from lmcspec.base.ids import digest
from lmcspec.plan import Plan
from lmcspec.store import Store
from lmcspec.track.ledger import Ledger


def is_settled(ledger: Ledger, plan: Plan, store: Store) -> bool:
    """Whether the server was told all that this plan asks for."""
    return ledger.note(_settled(plan.study)) == _fingerprint(plan, store)


def has_settled(ledger: Ledger, study: str) -> bool:
    """Whether the server was once told all of a plan of this study."""
    return bool(ledger.note(_settled(study)))


def write_settled(ledger: Ledger, plan: Plan, store: Store) -> None:
    """Note in the ledger that the server was told all that this plan asks for."""
    ledger.write(_settled(plan.study), _fingerprint(plan, store))
    ledger.erase(_reopened(plan.study))


def reopen(ledger: Ledger, study: str) -> None:
    """What was settled is so no longer: the server has lost it, and only a plan can say it again."""
    if settled := ledger.note(_settled(study)):
        ledger.write(_reopened(study), settled)
        ledger.erase(_settled(study))


def settle_again(ledger: Ledger, plan: Plan, store: Store) -> None:
    """The journals have told of this plan, which is the study's latest: if it is what was settled, it is again."""
    if ledger.note(_reopened(plan.study)) == _fingerprint(plan, store):
        write_settled(ledger, plan, store)


def reopened(ledger: Ledger) -> list[str]:
    """Studies of which the next `lmcspec run` has to tell the rest."""
    return sorted(name.partition("/")[2] for name in ledger.notes("reopened/"))


def _settled(study: str) -> str:
    return f"settled/{study}"


def _reopened(study: str) -> str:
    return f"reopened/{study}"


def _fingerprint(plan: Plan, store: Store) -> str:
    """A digest of all that a plan asks for, and what of it there is: if it is that settled last, nothing is new."""
    targets = {target.task for target in plan.targets}
    return digest([[series.identity for series in plan.series], sorted(targets), sorted(store.present(targets))])

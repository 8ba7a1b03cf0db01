"""The store: committed results by id, who is at work on what, and caches that can be made again."""

from lmcspec.store.attempts import FailedAttempt, Swept, failed_attempts, interrupted, note_lost, sweep
from lmcspec.store.commit import Attempt, Race, open_attempt
from lmcspec.store.drivers import Driver, driving
from lmcspec.store.facts import recall, remember
from lmcspec.store.filesystems import filesystem, is_network
from lmcspec.store.index import Index, Rate, index_path
from lmcspec.store.invocations import Invocation, Journal, invocations, lines, open_journal
from lmcspec.store.lease import BEAT, PATIENCE, Holder, Lease, holder, is_dead, take
from lmcspec.store.store import Store
from lmcspec.store.stored import DamagedError, Stored
from lmcspec.store.studies import last_plan, record_plan, recorded_studies
from lmcspec.store.verify import Damage, Inspection, inspect, verify

__all__ = [
    "BEAT",
    "PATIENCE",
    "Attempt",
    "Damage",
    "DamagedError",
    "Driver",
    "FailedAttempt",
    "Holder",
    "Index",
    "Inspection",
    "Invocation",
    "Journal",
    "Lease",
    "Race",
    "Rate",
    "Store",
    "Stored",
    "Swept",
    "driving",
    "failed_attempts",
    "filesystem",
    "holder",
    "index_path",
    "inspect",
    "interrupted",
    "invocations",
    "is_dead",
    "is_network",
    "last_plan",
    "lines",
    "note_lost",
    "open_attempt",
    "open_journal",
    "recall",
    "record_plan",
    "recorded_studies",
    "remember",
    "sweep",
    "take",
    "verify",
]

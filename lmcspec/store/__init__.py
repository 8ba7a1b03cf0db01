"""The store: committed results by id, who is at work on what, and caches that can be made again."""

from lmcspec.store.attempts import Ending, failed_attempts, interrupted, last_ending, note_lost, sweep
from lmcspec.store.commit import Attempt, open_attempt
from lmcspec.store.drivers import Driver, driving
from lmcspec.store.facts import recall, remember
from lmcspec.store.filesystems import filesystem, is_network
from lmcspec.store.index import Index, Rate, index_path
from lmcspec.store.invocations import Invocation, Journal, invocations, lines, open_journal
from lmcspec.store.lease import BEAT, Lease, holder, is_dead, take
from lmcspec.store.store import Store
from lmcspec.store.stored import DamagedError, Stored
from lmcspec.store.studies import forget_study, forgotten_studies, keep_again, last_plan, record_plan, recorded_studies
from lmcspec.store.verify import inspect, verify

__all__ = [
    "BEAT",
    "Attempt",
    "DamagedError",
    "Driver",
    "Ending",
    "Index",
    "Invocation",
    "Journal",
    "Lease",
    "Rate",
    "Store",
    "Stored",
    "driving",
    "failed_attempts",
    "filesystem",
    "forget_study",
    "forgotten_studies",
    "holder",
    "index_path",
    "inspect",
    "interrupted",
    "invocations",
    "is_dead",
    "is_network",
    "keep_again",
    "last_ending",
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

"""From the store to MLflow: series runs, task runs and invocations, sent by one writer that remembers where it was."""

from lmcspec.track.ledger import Ledger
from lmcspec.track.runs import runs_of, task_links, task_runs
from lmcspec.track.tracker import Tracker
from lmcspec.track.where import default_uri, tracking_uri

__all__ = ["Ledger", "Tracker", "default_uri", "runs_of", "task_links", "task_runs", "tracking_uri"]

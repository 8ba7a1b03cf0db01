"""The few things that are said to MLflow, and what its errors mean: try again later, or never."""

import contextlib
import json
import logging
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lmcspec.base.errors import LmcspecError
from lmcspec.store import Store, filesystem, is_network
from lmcspec.track.where import artifacts, local_database, without_secrets

ENVIRONMENT = {
    # By default a call blocks for four minutes while a server is away.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""What MLflow is told before it is imported, unless the user has said otherwise."""

ROLE = "lmcspec.role"
"""The tag that says which of a store's runs this is, so that none is ever made twice."""

MOST = 800
"""Metrics in one request."""


class UnreachableError(LmcspecError):
    """The server does not answer, or not now."""

    exit_code = 6


class RefusedError(LmcspecError):
    """The server will not take this, however often it is told."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metric's value at a step, at a moment in seconds since 1970."""

    metric: str
    value: float
    step: int
    at: float


class Server:
    """A tracking server, or the database that stands for one. Every method raises UnreachableError or RefusedError."""

    def __init__(self, uri: str, store: Store, answered: Callable[[], None] = lambda: None) -> None:
        """Connect to it, which loads MLflow; `answered` is called after each answer."""
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.uri, self._store, self._answered = uri, store, answered
        with _translated(uri):
            if (database := local_database(uri)) is not None:
                prepare(database, uri)
            self._client = MlflowClient(tracking_uri=uri)

    def experiment(self, name: str) -> str:
        """The id of the experiment of that name; made if there is none."""
        with self._asking():
            found = self._client.get_experiment_by_name(name)
            if found is not None and found.lifecycle_stage != "active":
                raise RefusedError(
                    f"the experiment {name!r} has been deleted in MLflow",
                    help=f"mlflow experiments restore --experiment-id {found.experiment_id}, then lmcspec sync",
                )
            if found is not None:
                return found.experiment_id
            place = artifacts(self._store) if local_database(self.uri) is not None else None
            with contextlib.suppress(RefusedError), self._asking():
                return self._client.create_experiment(name, artifact_location=place)
            # Somebody else was faster.
            found = self._client.get_experiment_by_name(name)
            assert found is not None
            return found.experiment_id

    def mark(self, experiment: str, name: str, value: str) -> None:
        """Set a tag of an experiment."""
        with self._asking():
            self._client.set_experiment_tag(experiment, name, value)

    def roles(self, experiment: str) -> dict[str, str]:
        """Role -> id of every run of this store in the experiment; of two with one role the older."""
        found: dict[str, str] = {}
        token = None
        while True:
            with self._asking():
                page = self._client.search_runs(
                    [experiment],
                    f"tags.`lmcspec.store` = '{self._store.id}'",
                    max_results=1000,
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
            found |= {run.data.tags[ROLE]: run.info.run_id for run in page if ROLE in run.data.tags}
            token = page.token
            if not token:
                return found

    def create(self, experiment: str, name: str, started: float, tags: Mapping[str, str]) -> str:
        """The id of a new run, which is RUNNING."""
        own = {**tags, "lmcspec.store": self._store.id}
        with self._asking():
            return self._client.create_run(experiment, int(started * 1000), own, name).info.run_id

    def log(
        self,
        run: str,
        points: Sequence[Point] = (),
        params: Mapping[str, Any] = MappingProxyType({}),
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Send metrics, params, which can't be changed later, and tags, in as few requests as that takes.

        Metrics that are there already are not there twice.
        """
        from mlflow.entities import Metric, Param, RunTag

        metrics = [Metric(one.metric, one.value, int(one.at * 1000), one.step) for one in points]
        entities = [Param(name, str(value)[:6000]) for name, value in params.items()]
        marks = [RunTag(name, value[:8000]) for name, value in tags.items() if value]
        while metrics or entities or marks:
            # A request may hold a thousand things in all, a hundred of them params and a hundred tags.
            now = metrics[:MOST], entities[:100], marks[:100]
            del metrics[:MOST], entities[:100], marks[:100]
            with self._asking():
                self._client.log_batch(run, *now)

    def untag(self, run: str, name: str) -> None:
        """Take a tag away, if it is there."""
        with contextlib.suppress(RefusedError), self._asking():
            self._client.delete_tag(run, name)

    def datasets(self, run: str, datasets: Sequence[tuple[str, str, str]]) -> None:
        """(name, digest, what it is for) of the images behind a run."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        inputs = [
            DatasetInput(
                Dataset(name, digest[:32], "local", json.dumps({"name": name, "digest": digest})),
                [InputTag("mlflow.data.context", context)],
            )
            for name, digest, context in datasets
        ]
        with self._asking():
            self._client.log_inputs(run, inputs)

    def rename(self, run: str, name: str) -> None:
        """Give a run another name."""
        with self._asking():
            self._client.update_run(run, name=name)

    def resume(self, run: str) -> None:
        """An ended run goes on."""
        with self._asking():
            self._client.update_run(run, status="RUNNING")

    def end(self, run: str, status: str, at: float) -> None:
        """A run is FINISHED, FAILED or KILLED."""
        with self._asking():
            self._client.set_terminated(run, status, int(at * 1000))

    def file(self, run: str, path: Path, folder: str | None = None) -> None:
        """Keep a file with a run."""
        with self._asking():
            self._client.log_artifact(run, str(path), folder)

    def keep(self, run: str, path: str, content: bytes) -> None:
        """Keep a content with a run, as the file of that path: `figures/cost.svg`."""
        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory() as place:
            file = Path(place, name)
            file.write_bytes(content)
            self.file(run, file, folder or None)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        with _translated(self.uri):
            yield
        self._answered()


def prepare(database: Path, uri: str) -> None:
    """Make MLflow's tables in a new sqlite file, one process at a time: several at once break each other's."""
    from filelock import FileLock
    from mlflow import MlflowClient

    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock"):
        MlflowClient(tracking_uri=uri).search_experiments(max_results=1)
        if not is_network(filesystem(database)):
            # One wait for the disk for each change instead of three. The file remembers it.
            with contextlib.closing(sqlite3.connect(database, timeout=20)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")


_NEVER = {
    "INVALID_PARAMETER_VALUE",
    "BAD_REQUEST",
    "RESOURCE_DOES_NOT_EXIST",
    "RESOURCE_ALREADY_EXISTS",
    "INVALID_STATE",
    "FEATURE_DISABLED",
}


@contextlib.contextmanager
def _translated(uri: str) -> Iterator[None]:
    """Turn every error of MLflow and of the libraries beneath it into one of ours."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (UnreachableError, RefusedError):
        raise
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        refused = isinstance(error, MlflowException) and error.error_code in _NEVER
        said = f"MLflow at {uri} {'refuses' if refused else 'does not answer'}: {first}"
        raise (RefusedError if refused else UnreachableError)(without_secrets(said, uri)) from error

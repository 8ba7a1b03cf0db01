"""The few things that are said to MLflow."""

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from lmcspec.base import beneath
from lmcspec.base.surroundings import spare_loopback
from lmcspec.store import Store
from lmcspec.track import kept, uris
from lmcspec.track.asking import Asking, repeated
from lmcspec.track.durable import Durable
from lmcspec.track.evidence import OWNER, SUBJECT, TWICE, Evidence, glance
from lmcspec.track.listing import listed
from lmcspec.track.rows import WholeRuns
from lmcspec.track.said import Point
from lmcspec.track.troubles import ChangedError, RefusedError, UnreachableError, translated
from lmcspec.track.where import artifacts, own_database, shown

TIMEOUT = 15.0
"""Seconds without a byte from the server after which a request is given up, and made once more if it may be."""

LONGEST = 40.0
"""Seconds for one answer in all, however slowly it comes."""

UPLOAD = 180.0
"""Seconds for sending one file."""

ENVIRONMENT = {
    # By default a call blocks for four minutes while a server is away, and for as long as a server asks it to. And it
    # repeats whatever fails, though the server may have done it: what makes a run would make two.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": f"{TIMEOUT:.0f}",
    # What is sent later may be lost, and only a line in a log says so.
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""What MLflow is told before it is imported. A wait that is left over from another use has no say in ours."""

MOST = 800
"""Metrics in one request."""

_Answer = TypeVar("_Answer")


class Server:
    """A tracking server, or the database that stands for one. Every method raises UnreachableError or RefusedError.

    Every answer is waited for so long and no longer.
    """

    def __init__(
        self,
        uri: str,
        store: Store,
        answered: Callable[[], None] = lambda: None,
        waiting: Callable[[str], None] = lambda line: None,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect to it, which loads MLflow.

        `asked` is called before each question and `answered` after each answer, `waiting` with a line for people when
        one takes long.
        """
        os.environ.update(ENVIRONMENT)
        spare_loopback()
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        # Its complaint about each request that is made again, which ours says once.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self.uri, self._store, self._answered, self._asked = uri, store, answered, asked
        self._database = uris.database_file(uri)
        self._own = False
        self._file: tuple[int, int] | None = None
        self._asking = Asking(f"MLflow at {shown(uri)}", waiting)
        self.refused: dict[str, str] = {}
        """Run -> why it would not take something about it."""
        self.whole_runs: WholeRuns | None = None
        """Those that wait to be written into the store's own database."""
        self._durable: Durable | None = None
        self._unsynced = False
        if self._database is not None:
            self._own = self._database == own_database(store)
            kept.prepare_for(store, self._database)
            if self._own:
                self.whole_runs = WholeRuns(self._database, store.id, self.refused.__setitem__)
            self._file = uris.identity(self._database)
            self._durable = Durable(self._database)
        self._client = self._ask(lambda: MlflowClient(tracking_uri=uri))

    def held(self, study: str, known: Container[str] = ()) -> Evidence | None:
        """What it has of this store in the study's experiment; None where there is no such experiment.

        Of several runs that stand for the same, one that is `known` counts.
        """
        if self._database is not None and uris.identity(self._database) != self._file:
            raise ChangedError(f"{self._database} was moved or deleted while it was in use")
        if self._database is not None:
            self.flush()
            database = self._database
            if (evidence := self._call(lambda: glance(database, self._store, study, known))) is not None:
                return evidence
        return listed(self._client, self._ask, self._store, study, known)

    def points(self, run: str) -> dict[tuple[str, int], float]:
        """(metric, step) -> the latest value that a run has there."""
        values: dict[tuple[str, int], float] = {}
        for metric in self._ask(lambda: self._client.get_run(run)).data.metrics:
            for metric_value in self._ask(lambda name=metric: self._client.get_metric_history(run, name)):
                values[metric_value.key, metric_value.step] = metric_value.value
        return values

    def experiment(self, name: str) -> str:
        """The id of a new experiment of that name."""
        place = artifacts(self._store) if self._database is not None else None
        with contextlib.suppress(RefusedError):
            return self._ask(lambda: self._client.create_experiment(name, artifact_location=place))
        # Somebody else was faster.
        known = self._ask(lambda: self._client.get_experiment_by_name(name))
        if known is None:
            raise RefusedError(f"MLflow at {shown(self.uri)} makes no experiment {name!r}")
        return known.experiment_id

    def tags(self, run: str) -> dict[str, str]:
        """The tags of a run."""
        return dict(self._ask(lambda: self._client.get_run(run)).data.tags)

    def tags_of_experiment(self, experiment: str) -> dict[str, str]:
        """The tags of an experiment."""
        return dict(self._ask(lambda: self._client.get_experiment(experiment)).tags)

    def mark(self, experiment: str, name: str, value: str) -> None:
        """Set a tag of an experiment."""
        self._ask(lambda: self._client.set_experiment_tag(experiment, name, value))

    def create(self, experiment: str, name: str, started: float, tags: Mapping[str, str]) -> str:
        """The id of a new run, which is RUNNING. Where no answer came it is looked for, and only then made again."""
        owned = {**tags, OWNER: self._store.id}

        def make() -> str:
            run = self._ask(lambda: self._client.create_run(experiment, int(started * 1000), owned, name), again=False)
            return run.info.run_id

        try:
            return make()
        except UnreachableError:
            subject = tags.get(SUBJECT, "")
            # A file has no answers to lose; and what a filter can't name is found by the next telling, among all.
            if self._database is not None or not subject or "'" in subject:
                raise
            return self._made(experiment, subject) or make()

    def _made(self, experiment: str, subject: str) -> str | None:
        """The run of this store that stands for a subject, if it is there."""
        named = f"tags.`{SUBJECT}` = '{subject}' AND tags.`{OWNER}` = '{self._store.id}'"
        runs = self._ask(lambda: self._client.search_runs([experiment], named, max_results=1))
        return runs[0].info.run_id if runs else None

    def discard(self, run: str) -> None:
        """Delete a run that was made twice. MLflow keeps it in its bin, where it stands for nothing any more."""
        with contextlib.suppress(RefusedError):
            self._ask(lambda: self._client.set_tag(run, SUBJECT, f"{TWICE}{run}"))
            self._ask(lambda: self._client.delete_run(run))

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

        metrics = [Metric(point.metric, point.value, int(point.at * 1000), point.step) for point in points]
        entities = [Param(name, str(value)[:6000]) for name, value in params.items()]
        marks = [RunTag(name, value[:8000]) for name, value in tags.items() if value]
        while metrics or entities or marks:
            # A request may hold a thousand things in all, a hundred of them params and a hundred tags.
            now = metrics[:MOST], entities[:100], marks[:100]
            del metrics[:MOST], entities[:100], marks[:100]
            self._ask(lambda now=now: self._client.log_batch(run, *now, synchronous=True))

    def untag(self, run: str, name: str) -> None:
        """Take a tag away, if it is there."""
        with contextlib.suppress(RefusedError):
            self._ask(lambda: self._client.delete_tag(run, name))

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
        self._ask(lambda: self._client.log_inputs(run, inputs))

    def rename(self, run: str, name: str) -> None:
        """Give a run another name."""
        self._ask(lambda: self._client.update_run(run, name=name))

    def resume(self, run: str) -> None:
        """Open an ended run again."""
        self._ask(lambda: self._client.update_run(run, status="RUNNING"))

    def end(self, run: str, status: str, at: float) -> None:
        """End a run as FINISHED, FAILED or KILLED."""
        self._ask(lambda: self._client.set_terminated(run, status, int(at * 1000)))

    def file(self, run: str, path: Path) -> None:
        """Keep a file of the store with a run, by its own name."""
        if self._is_kept_here(run):
            self.keep(run, path.name, beneath.read(self._store.root, path))
        else:
            self._ask(lambda: self._client.log_artifact(run, str(path)), UPLOAD)

    def keep(self, run: str, path: str, content: bytes) -> None:
        """Keep a content with a run, as the file of that path: `figures/cost.svg`."""
        if self._is_kept_here(run):
            kept.put(self._store, run, path, content)
            self._answered()
            return
        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory() as place:
            file = Path(place, name)
            file.write_bytes(content)
            self._ask(lambda: self._client.log_artifact(run, str(file), folder or None), UPLOAD)

    def has(self, run: str, name: str) -> bool:
        """Whether a file of that name is kept with a run, in none of its folders."""
        if self._is_kept_here(run):
            return kept.is_there(self._store, run, name)
        return any(file.path == name for file in self._ask(lambda: self._client.list_artifacts(run)))

    def _is_kept_here(self, run: str) -> bool:
        """Whether a run's files lie in the store: of the store's own database always, whatever that says."""
        if self._own or self._database is None:
            return self._own
        return kept.is_here(self._store, run, self._ask(lambda: self._client.get_run(run)).info.artifact_uri)

    def flush(self) -> None:
        """Have on disk all that was said, as far as that is on this machine: runs that wait are written."""
        durable, runs = self._durable, self.whole_runs
        if durable is not None and (self._unsynced or (runs is not None and runs.waiting)):
            self._call(lambda: durable.write(runs))
            self._unsynced = False

    def close(self) -> None:
        """End the connection to a file. What waits is not written."""
        if self._durable is not None:
            with contextlib.suppress(UnreachableError):
                self._call(self._durable.close)

    def _ask(self, act: Callable[[], _Answer], longest: float | None = None, *, again: bool = True) -> _Answer:
        """`again`: whether it may be done twice, for that comes to the same."""
        if self.whole_runs is not None and self.whole_runs.waiting:
            self.flush()
        self._unsynced = True
        return self._call(repeated(act, self._is_final) if again and self._database is None else act, longest)

    def _is_final(self, error: Exception) -> bool:
        return isinstance(translated(error, self.uri), RefusedError)

    def _call(self, act: Callable[[], _Answer], longest: float | None = None) -> _Answer:
        self._asked()
        try:
            answer = self._asking.call(act, longest or LONGEST)
        except (UnreachableError, RefusedError):
            raise
        except Exception as error:
            ours = translated(error, self.uri)
            if isinstance(ours, RefusedError):
                self._answered()  # it says no, but it says so
            raise ours from error
        self._answered()
        return answer

"""A tracking server that lives in memory and fails when it is told to, with MLflow's rules where they matter."""

from dataclasses import dataclass, field

from lmcspec.track.evidence import SUBJECT, Evidence, ServerRun, by_subject, mark_of, surplus
from lmcspec.track.troubles import RefusedError, UnreachableError


@dataclass
class Run:
    experiment: str
    name: str
    started: float
    tags: dict
    status: str = "RUNNING"
    metrics: set = field(default_factory=set)
    """(key, value, timestamp in ms, step): a row that is there already is not there twice."""
    params: dict = field(default_factory=dict)
    datasets: set = field(default_factory=set)
    files: dict = field(default_factory=dict)
    """Path -> content."""
    deleted: bool = False

    def series(self, metric):
        """step -> values, as a chart draws them."""
        found = {}
        for name, value, _, step in self.metrics:
            if name == metric:
                found.setdefault(step, set()).add(value)
        return found


class FakeMlflow:
    """All that a server keeps; `requests` counts, and `fails` says at which of them what goes wrong."""

    def __init__(self):
        self.runs: dict[str, Run] = {}
        self.experiments: dict[str, dict] = {}
        self.deleted: set[str] = set()
        """Experiments that somebody deleted."""
        self.requests = self.writes = 0
        self.fails: dict[int, str] = {}
        self.created = 0

    def connect(self, uri, store, answered=lambda: None, waiting=None, asked=None):
        return FakeServer(self, store, answered)

    def by_name(self, name):
        (found,) = [run for run in self.runs.values() if run.name == name]
        return found

    def of(self, kind):
        return [run for run in self.runs.values() if run.tags.get("lmcspec.kind") == kind]

    @property
    def state(self):
        """All that anybody can see, without the ids of runs."""
        names = {identifier: run.tags[SUBJECT] for identifier, run in self.runs.items()}

        def readable(text):
            for identifier, subject in names.items():
                text = text.replace(identifier, subject)
            return text

        return sorted(
            (
                run.name,
                run.status,
                sorted((key, readable(value)) for key, value in run.tags.items()),
                sorted(run.metrics),
                sorted(run.params.items()),
                sorted(run.files.items()),
                sorted(run.datasets),
            )
            for run in self.runs.values()
        )


class FakeServer:
    uri = "http://made.up"
    whole_runs = None

    def __init__(self, mlflow, store, answered):
        self._mlflow, self._store, self._answered = mlflow, store.id, answered
        self._mark = mark_of(store)
        self.refused = {}

    def _ask(self, act, writes=True):
        mlflow = self._mlflow
        mlflow.requests += 1
        mlflow.writes += writes
        trouble = mlflow.fails.get(mlflow.requests)
        if trouble == "before":
            raise UnreachableError("cut off")
        result = act()
        if trouble == "after":
            raise UnreachableError("cut off when all was done")
        self._answered()
        return result

    def flush(self):
        pass

    def close(self):
        pass

    def _run(self, run):
        if run not in self._mlflow.runs or self._mlflow.runs[run].deleted:
            raise RefusedError(f"no run {run}")
        return self._mlflow.runs[run]

    def experiment(self, name):
        self._ask(lambda: self._mlflow.experiments.setdefault(name, {}))
        return name

    def tags(self, run):
        return self._ask(lambda: dict(self._run(run).tags), writes=False)

    def tags_of_experiment(self, experiment):
        return self._ask(lambda: dict(self._mlflow.experiments[experiment]), writes=False)

    def mark(self, experiment, name, value):
        self._ask(lambda: self._mlflow.experiments[experiment].update({name: value}))

    def held(self, study, known=()):
        def act():
            if study not in self._mlflow.experiments:
                return None
            runs = [
                (
                    run.tags[SUBJECT],
                    ServerRun(
                        identifier,
                        run.deleted,
                        run.tags.get("lmcspec.current", ""),
                        run.status == "RUNNING" and not run.metrics and not run.params,
                    ),
                )
                for identifier, run in reversed(self._mlflow.runs.items())
                if run.experiment == study and run.tags["lmcspec.store"] == self._store
            ]
            tags = self._mlflow.experiments[study]
            chosen = by_subject(runs, known)
            deleted = study in self._mlflow.deleted
            return Evidence(study, deleted, tags.get(self._mark, ""), chosen, surplus(runs, chosen))

        return self._ask(act, writes=False)

    def points(self, run):
        return self._ask(
            lambda: {(name, step): value for name, value, _, step in sorted(self._run(run).metrics)}, writes=False
        )

    def create(self, experiment, name, started, tags):
        def act():
            self._mlflow.created += 1
            identifier = f"run{self._mlflow.created:05d}"
            self._mlflow.runs[identifier] = Run(experiment, name, started, {**tags, "lmcspec.store": self._store})
            return identifier

        return self._ask(act)

    def log(self, run, points=(), params=None, tags=None):
        def act():
            found = self._run(run)
            for name, value in (params or {}).items():
                if found.params.setdefault(name, str(value)) != str(value):
                    raise RefusedError(f"param {name} can't be changed")
            found.metrics |= {(one.metric, one.value, int(one.at * 1000), one.step) for one in points}
            found.tags |= {name: value for name, value in (tags or {}).items() if value}

        self._ask(act)

    def discard(self, run):
        self._ask(lambda: vars(self._run(run)).update(deleted=True))

    def untag(self, run, name):
        self._ask(lambda: self._run(run).tags.pop(name, None))

    def datasets(self, run, datasets):
        self._ask(lambda: self._run(run).datasets.update(datasets))

    def rename(self, run, name):
        self._ask(lambda: setattr(self._run(run), "name", name))

    def resume(self, run):
        self._ask(lambda: setattr(self._run(run), "status", "RUNNING"))

    def end(self, run, status, at):
        self._ask(lambda: setattr(self._run(run), "status", status))

    def file(self, run, path, folder=None):
        assert path.is_file()
        self._ask(lambda: self._run(run).files.update({path.name: path.read_bytes()}))

    def keep(self, run, path, content):
        self._ask(lambda: self._run(run).files.update({path: content}))

    def has(self, run, name):
        return self._ask(lambda: name in self._run(run).files, writes=False)

# pyright: reportAttributeAccessIssue=false
"""A context that is a folder and some dicts: what a task sees of the world, without engine or store."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lmcspec.catalog import get
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe, as_document
from lmcspec.tasks import Finished, Part
from lmcspec.tasks.training import Train

SEEDS = {"replicate": 0, "copy": 0, "level": 0}
MEMORY: dict[Any, Any] = {}
"""Data sets, loaded once for all tests."""


@dataclass
class Done:
    """A finished task."""

    out: Path
    scalars: dict[str, Any] = field(default_factory=dict)
    outcome: str = "ok"


@dataclass
class TestContext:
    """Fulfils `lmcspec.tasks.Context`."""

    __test__ = False
    root: Path
    inputs: Mapping[str, Done] = field(default_factory=dict)
    neutral: dict[str, Any] = field(default_factory=dict)
    passed: tuple[tuple[str, dict[str, Any]], ...] = ()
    committed: dict[str, Done] = field(default_factory=dict)
    stop: Callable[[], bool] = lambda: False
    device: str = "cpu"
    task: str = "0" * 64
    metrics: list[tuple[str, float, int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    ahead: float = 0.0
    room: int | None = None
    numerics: dict[str, Any] = field(
        default_factory=lambda: {"device": "cpu", "cpu": "that of tests", "threads": 1, "torch": "2"}
    )

    def __post_init__(self) -> None:
        self.memory = MEMORY
        self.out, self.partial = self.root / "out", self.root / "partial"
        self.out.mkdir(parents=True, exist_ok=True)
        self.partial.mkdir(exist_ok=True)

    def input(self, name):
        return self.inputs[name].out

    def result(self, name):
        return self.inputs[name].scalars

    def has(self, name):
        return name in self.inputs

    def metric(self, name, value, step):
        self.metrics.append((name, value, step))

    def progress(self, done, total, note=""):
        assert 0 <= done <= total

    def stopping(self):
        return self.stop()

    def remember(self, key, document):
        self.facts[key] = document

    def recall(self, key):
        return self.facts.get(key)

    def computes(self, **how):
        self.numerics.update(how)

    def log(self, line):
        self.lines.append(line)

    def byproducts(self):
        return self.passed

    @contextmanager
    def byproduct(self, task_id):
        yield None if task_id in self.committed else TestContext(self.root / f"passed-{task_id}")

    def commit_byproduct(self, context, finished):
        name = context.root.name.removeprefix("passed-")
        self.committed[name] = Done(context.out, dict(finished.scalars), finished.outcome)


def do(run, root: Path, params: Any, seeds: Mapping[str, int] = SEEDS, **context: Any) -> Done:
    """Do a task in a folder of its own."""
    ctx = TestContext(root, neutral=neutral(params) | context.pop("neutral", {}), **context)
    finished: Finished = run(ctx, params, dict(seeds))
    return Done(ctx.out, dict(finished.scalars), finished.outcome)


def neutral(params: Any) -> dict[str, Any]:
    """Where the data of these tests lie: inside scikit-learn."""
    data = getattr(params, "data", None)
    return {data.digest: {"config": {"name": "digits"}, "root": None}} if data else {}


def files(done: Done) -> dict[str, bytes]:
    """The bytes of every file of a result."""
    return {path.name: path.read_bytes() for path in sorted(done.out.iterdir())}


DIGEST = get("dataset", "digits").facts.digest
RAW = Part.of({"digest": DIGEST, "space": {"name": "raw"}})
MLP = Part.of({"config": {"name": "mlp", "widths": [8], "init": "default"}, "shape": [1, 8, 8], "classes": 10})
CONVNET = Part.of(
    {
        "config": {"name": "convnet", "depth": 2, "width": 4, "norm": "batch", "init": "default"},
        "shape": [1, 8, 8],
        "classes": 10,
    }
)


def recipe(**changes: Any) -> Part:
    """Ten updates of SGD with momentum and augmentation on 256 images, or as changed."""
    base = Recipe(length=10, batch=256, optimiser=Sgd(lr=0.1, momentum=0.9), augment=Augment(crop=1))
    return Part.of(as_document(replace(base, **changes)))


def training(model: Part = MLP, until: int = 10, begin: int = 0, how: Part | None = None, **more: Any) -> Train:
    """The parameters of a training."""
    return Train(model, how or recipe(), RAW, begin, until, **more)

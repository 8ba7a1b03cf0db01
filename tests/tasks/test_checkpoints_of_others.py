"""Checkpoints that a stranger, or another version, wrote for this very task under a digest that holds.

Whatever is in one: the task goes on from it, or throws it away and comes to what it would have come to.
"""

from itertools import chain, repeat

import pytest
import torch
from context_for_tests import MLP, RAW, SEEDS, Done, TestContext, do, files, neutral, recipe, training
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from lmcspec.catalog import get
from lmcspec.catalog.in_updates import counted
from lmcspec.science import masks
from lmcspec.tasks import Interrupted, Part, checkpoint, read
from lmcspec.tasks.checkpoint import CHECKPOINT, Checkpoints, digest
from lmcspec.tasks.distill import Distill
from lmcspec.tasks.distill import run as distill
from lmcspec.tasks.expert import Expert
from lmcspec.tasks.expert import run as expert
from lmcspec.tasks.hessian import Hessian
from lmcspec.tasks.hessian import run as hessian
from lmcspec.tasks.landscape import Landscape
from lmcspec.tasks.landscape import run as landscape
from lmcspec.tasks.match import Match
from lmcspec.tasks.match import run as matching
from lmcspec.tasks.train import run as train

HUGE = 2**62


def _first(tensors, unit):
    return min(name for name in tensors if name != unit)


def _changed(change):
    """An edit of the first tensor beside the count."""

    def edit(tensors, unit):
        name = _first(tensors, unit)
        return {**tensors, name: change(tensors[name])}

    return edit


EDITS = {
    "before its beginning": lambda tensors, unit: {**tensors, unit: torch.tensor(-1)},
    "far before it": lambda tensors, unit: {**tensors, unit: torch.tensor(-HUGE)},
    "after its end": lambda tensors, unit: {**tensors, unit: torch.tensor(HUGE)},
    "two counts": lambda tensors, unit: {**tensors, unit: torch.tensor([1, 2])},
    "no count": lambda tensors, unit: {**tensors, unit: torch.zeros(0, dtype=torch.int64)},
    "half a count": lambda tensors, unit: {**tensors, unit: torch.tensor(1.5)},
    "nothing but a count": lambda tensors, unit: {unit: tensors[unit]},
    "nothing": lambda tensors, unit: {},
    "one is missing": lambda tensors, unit: {name: t for name, t in tensors.items() if name != _first(tensors, unit)},
    "one more tensor": lambda tensors, unit: {**tensors, "\x1b[31m/../x": torch.zeros(3)},
    "one more tensor of a part": lambda tensors, unit: {**tensors, "state/": torch.zeros(3), "trajectory/9999/x": torch.ones(1)},
    "empty": _changed(lambda t: torch.zeros(0, dtype=t.dtype)),
    "another shape": _changed(lambda t: torch.zeros(7, 3, dtype=t.dtype)),
    "a single number": _changed(lambda t: torch.zeros((), dtype=t.dtype)),
    "a row too many": _changed(lambda t: torch.cat([t.reshape(-1), t.reshape(-1)[:1]])),
    "another type": _changed(lambda t: torch.zeros(t.shape, dtype=torch.complex64)),
    "whole numbers": _changed(lambda t: torch.zeros(t.shape, dtype=torch.uint8)),
}  # fmt: skip


def hostile(path, edit, task="0" * 64):
    """The checkpoint with an edit, under an honest digest of what it holds now."""
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        unit = file.metadata()["unit"]
    edited = {name: tensor.contiguous() for name, tensor in edit(tensors, unit).items()}
    done = str(int(tensors[unit]))
    path.unlink()
    save_file(edited, path, {"task": task, "sha256": digest(edited), "done": done, "unit": unit})


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A mask of two thirds, three networks that were trained under it, and their inputs by all names."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "mask").mkdir()
    dense = masks.dense(read.module(MLP))
    own = {name: torch.arange(keep.numel()).view(keep.shape) % 3 > 0 for name, keep in dense.items()}
    read.write(folder / "mask" / read.MASK, own)
    mask = {"mask": Done(folder / "mask")}
    how = training(until=6, how=recipe(length=6, batch=64))
    ends = [do(train, folder / str(copy), how, SEEDS | {"copy": copy}, inputs=mask) for copy in range(3)]
    anchors = {f"anchor-{number}": end for number, end in enumerate(ends)}
    return mask | anchors | {"state": ends[0], "a": ends[0], "b": ends[1]}


def distilling(method, **settings):
    return distill, Distill(Part.of({"method": method, **settings}), MLP, RAW), {"seed": 3}


def kinds(name):
    """(run, params, seeds) of a task that is stopped on its way."""
    match name:
        case "train":
            return train, training(until=40, how=recipe(length=40, batch=64)), SEEDS
        case "expert":
            return expert, Expert(MLP, recipe(length=2 * 23, batch=64), RAW), {"seed": 3, "expert": 1}
        case "dm":
            return distilling("dm", ipc=2, iterations=40, lr=1.0, momentum=0.5, batch=20)
        case "dc":
            return distilling("dc", ipc=1, iterations=3, batch=8)
        case "hessian":
            return hessian, Hessian(MLP, RAW, 20, 1, 0, 0), {}
        case "hessian of probes":
            return hessian, Hessian(MLP, RAW, 20, 1, 24, 0), {}
        case "landscape":
            return landscape, Landscape(MLP, RAW, 5, 0.3, ("test", "train"), 200, "average", 0), {}
        case "match":
            method = get("matcher", "weights").config.model_validate({"method": "weights", "restarts": 3})
            return matching, Match(MLP, Part.of(counted(method)), None, 0), {"pair": 4}
    raise LookupError(name)


TAKING = ("hessian", "hessian of probes", "landscape", "match")
"""Those that have networks for inputs."""
KINDS = ("train", "expert", "dm", "dc", "hessian", "hessian of probes", "landscape", "match")


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_goes_on_or_begins_anew(kind, tmp_path, networks):
    run, params, seeds = kinds(kind)
    inputs = {name: end for name, end in networks.items() if kind in TAKING}
    whole = files(do(run, tmp_path / "whole", params, seeds, inputs=inputs))
    stops = chain([False], repeat(True))
    cut = TestContext(tmp_path / "cut", neutral=neutral(params), inputs=inputs, stop=lambda: next(stops))
    with pytest.raises(Interrupted):
        run(cut, params, dict(seeds))
    sound = (cut.partial / CHECKPOINT).read_bytes()
    for number, (edit, change) in enumerate(EDITS.items()):
        ctx = TestContext(tmp_path / str(number), neutral=neutral(params), inputs=inputs)
        (ctx.partial / CHECKPOINT).write_bytes(sound)
        hostile(ctx.partial / CHECKPOINT, change)
        try:
            run(ctx, params, dict(seeds))
        except Exception as error:
            raise AssertionError(f"{edit}: {type(error).__name__}: {error}") from error
        found = {path.name: path.read_bytes() for path in sorted(ctx.out.iterdir())}
        assert found == whole, edit
        # A matching counts by its tensors, and takes them of any type.
        if kind != "match" and not edit.startswith("one more tensor"):
            assert any("no use" in line and "begins anew" in line for line in ctx.lines), (edit, ctx.lines)
        assert not any("\n" in line for line in ctx.lines), "a line of the log is a line"


def test_the_sound_one_is_gone_on_from(tmp_path, networks):
    """What the edits start from is no nonsense itself."""
    for kind in ("train", "hessian", "landscape"):
        run, params, seeds = kinds(kind)
        inputs = {name: end for name, end in networks.items() if kind in TAKING}
        stops = chain([False], repeat(True))
        cut = TestContext(
            tmp_path / f"cut {kind}", neutral=neutral(params), inputs=inputs, stop=lambda stops=stops: next(stops)
        )
        with pytest.raises(Interrupted):
            run(cut, params, dict(seeds))
        hostile(cut.partial / CHECKPOINT, lambda tensors, unit: tensors)
        cut.stop = lambda: False
        run(cut, params, dict(seeds))
        assert not any("no use" in line for line in cut.lines), cut.lines


def sparse(path, head, size):
    path.write_bytes(len(head).to_bytes(8, "little") + head)
    with path.open("r+b") as file:
        file.truncate(size)


SAYS = b'{"__metadata__":{"task":"%s","sha256":"x"},"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}'
TERABYTE = SAYS % (b"0" * 64, 2**40, 2**40)


@pytest.mark.parametrize("head", [b"", TERABYTE], ids=["no head", "a head that says so"])
@pytest.mark.parametrize("size", [2**32, 8 + len(TERABYTE) + 2**40], ids=["4 GiB", "1 TiB"])
def test_a_file_of_holes_is_not_read(tmp_path, monkeypatch, head, size):
    ctx = TestContext(tmp_path)
    path = ctx.partial / CHECKPOINT
    sparse(path, head, size)
    monkeypatch.setattr(checkpoint, "digest", lambda tensors: pytest.fail("it was read"))
    assert Checkpoints(ctx, "update", "train.checkpoint").read() is None
    assert not path.exists() and "begins anew" in ctx.lines[0]

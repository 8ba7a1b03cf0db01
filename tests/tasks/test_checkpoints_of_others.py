"""Checkpoints that a stranger, or another version, wrote for this very task under a digest that holds.

Whatever is in one: the task goes on from it, or throws it away and comes to what it would have come to.
"""

from itertools import chain, repeat

import pytest
import torch
from context_for_tests import MLP, RAW, SEEDS, TestContext, do, files, neutral, recipe, training
from safetensors.torch import load_file, save_file
from test_distill import params as distill_params
from test_expert import PARAMS as EXPERT
from test_expert import SEEDS as EXPERT_SEEDS
from test_hessian import masked
from test_hessian import params as hessian_params
from test_landscape import networks as networks
from test_landscape import params as landscape_params
from test_match import ends
from test_match import params as match_params

from lmcspec.tasks import Interrupted, Part, checkpoint
from lmcspec.tasks.checkpoint import CHECKPOINT, Checkpoints, digest
from lmcspec.tasks.distill import Distill
from lmcspec.tasks.distill import run as distill
from lmcspec.tasks.expert import run as expert
from lmcspec.tasks.hessian import run as hessian
from lmcspec.tasks.landscape import run as landscape
from lmcspec.tasks.match import run as match
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
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        unit = file.metadata()["unit"]
    edited = {name: tensor.contiguous() for name, tensor in edit(tensors, unit).items()}
    done = str(int(tensors[unit]))
    path.unlink()
    save_file(edited, path, {"task": task, "sha256": digest(edited), "done": done, "unit": unit})


def kinds(name, tmp_path, networks):
    """(run, params, seeds, inputs) of a task that is stopped on its way."""
    match name:
        case "train":
            return train, training(until=40, how=recipe(length=40, batch=64)), SEEDS, {}
        case "expert":
            return expert, EXPERT, EXPERT_SEEDS, {}
        case "dm":
            return distill, distill_params(), {"seed": 3}, {}
        case "dc":
            settings = {"method": "dc", "ipc": 1, "iterations": 5, "batch": 8}
            return distill, Distill(Part.of(settings), MLP, RAW), {"seed": 3}, {}
        case "hessian":
            return hessian, hessian_params(batches=1, eigenvalues=0), {}, masked(tmp_path)
        case "hessian of probes":
            return hessian, hessian_params(probes=24, batches=1, eigenvalues=0), {}, masked(tmp_path)
        case "landscape":
            return landscape, landscape_params(), {}, networks
        case "match":
            settings = {"method": "weights", "restarts": 3}
            return match, match_params(settings), {"pair": 4}, ends(tmp_path / "ends")
    raise LookupError(name)


KINDS = ("train", "expert", "dm", "dc", "hessian", "hessian of probes", "landscape", "match")


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_goes_on_or_begins_anew(kind, tmp_path, networks):
    run, params, seeds, inputs = kinds(kind, tmp_path, networks)
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
        run, params, seeds, inputs = kinds(kind, tmp_path, networks)
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
    assert Checkpoints(ctx, "update").read() is None
    assert not path.exists() and "begins anew" in ctx.lines[0]

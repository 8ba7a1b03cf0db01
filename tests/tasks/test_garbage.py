"""A checkpoint that is not what the same task wrote is thrown away and said, and the task begins anew, to the bit."""

import json
import os
import shutil

import pytest
import torch
from context_for_tests import CONVNET, MLP, RAW, SEEDS, Done, TestContext, do, files, neutral, recipe, training
from safetensors.torch import load, save_file

from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe, as_document
from lmcspec.tasks import Interrupted, Part, distill, expert, hessian, landscape, read, train
from lmcspec.tasks.checkpoint import CHECKPOINT, Checkpoints, digest

LONG = recipe(length=40, batch=32)
KINDS = {
    "train": (train.run, training(how=LONG, until=40), SEEDS),
    "train with batch norm": (train.run, training(CONVNET, how=LONG, until=37), SEEDS),
    "expert": (
        expert.run,
        expert.Expert(MLP, Part.of(as_document(Recipe(2 * 23, 64, Sgd(lr=0.1, momentum=0.5)))), RAW),
        {"seed": 3, "expert": 1},
    ),
    "distill": (
        distill.run,
        distill.Distill(Part.of({"method": "dm", "ipc": 1, "iterations": 20, "batch": 20}), MLP, RAW),
        {"seed": 0},
    ),
    "hessian": (hessian.run, hessian.Hessian(MLP, RAW, 20, 2, 12, 1), {}),
    "landscape": (
        landscape.run,
        landscape.Landscape(MLP, RAW, grid=3, margin=0.3, split=("test",), images=0, bn="average", bn_images=0),
        {},
    ),
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, dict[str, Done]]:
    """What measures look at: three copies without a mask."""
    folder = tmp_path_factory.mktemp("inputs")
    copies = [
        do(train.run, folder / str(number), training(how=LONG, until=6), SEEDS | {"copy": number})
        for number in range(3)
    ]
    return {
        "hessian": {"state": copies[0]},
        "landscape": {f"anchor-{number}": copy for number, copy in enumerate(copies)},
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory, inputs):
    """The undisturbed result of each kind, and the checkpoint that it would leave if it were stopped."""
    found = {}

    def once(kind):
        if kind not in found:
            folder = tmp_path_factory.mktemp("whole")
            run, params, seeds = KINDS[kind]
            own = inputs.get(kind, {})
            done = do(run, folder / "whole", params, seeds, inputs=own)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
                with pytest.raises(Interrupted):
                    do(run, folder / "cut", params, seeds, inputs=own, stop=lambda: True)
            found[kind] = done, (folder / "cut" / "partial" / CHECKPOINT).read_bytes()
        return found[kind]

    return once


def resaved(path, change):
    """The checkpoint with other tensors, saved as any program would, its own words kept."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        says = json.loads(file.read(length))["__metadata__"]
    save_file(change(load(path.read_bytes())), path, says)


def a_folder(path):
    path.unlink()
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "file").touch()


def a_link(path):
    shutil.copy(path, path.parent.parent / "elsewhere")
    path.unlink()
    path.symlink_to(path.parent.parent / "elsewhere")


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def signed_anew(path, tensors):
    save_file(tensors, path, {"task": "0" * 64, "sha256": digest(tensors)})


GARBAGE = {
    "nothing": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(1000)),
    "words": lambda path: path.write_text("no tensors here"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a huge header": lambda path: path.write_bytes((2**62).to_bytes(8, "little") + b"{}"),
    "a pickle": lambda path: torch.save(load(path.read_bytes()), path),
    "a flipped bit": lambda path: path.write_bytes(path.read_bytes()[:-2] + bytes([path.read_bytes()[-2] ^ 4, 0])),
    "other shapes": lambda path: resaved(path, lambda held: {name: torch.zeros(2, 3) for name in held}),
    "other names": lambda path: resaved(path, lambda held: {f"x{name}": value for name, value in held.items()}),
    "fewer": lambda path: resaved(path, lambda held: dict(list(held.items())[:1])),
    "other numbers": lambda path: resaved(path, lambda held: {name: value + 1 for name, value in held.items()}),
    "without words": lambda path: save_file(load(path.read_bytes()), path),
    "no count": lambda path: signed_anew(path, {"x": torch.zeros(2)}),
    "a folder": a_folder,
    "a link": a_link,
    "a pipe": a_pipe,
}


FEW = ("half", "other shapes", "other names", "a link")


@pytest.mark.parametrize(
    ("kind", "what"), [(kind, what) for kind in KINDS for what in (GARBAGE if kind == "train" else FEW)]
)
def test_garbage_is_thrown_away_and_said(tmp_path, whole, inputs, kind, what):
    done, checkpoint = whole(kind)
    run, params, seeds = KINDS[kind]
    ctx = TestContext(tmp_path / "own", inputs.get(kind, {}), neutral(params))
    (ctx.partial / CHECKPOINT).write_bytes(checkpoint)
    GARBAGE[what](ctx.partial / CHECKPOINT)
    finished = run(ctx, params, dict(seeds))
    assert [line for line in ctx.lines if "is no use and is thrown away, it begins anew: " in line] == ctx.lines[:1]
    assert finished.scalars == done.scalars
    assert files(Done(ctx.out)) == files(done)
    assert not os.path.lexists(ctx.partial / CHECKPOINT)
    if what == "a link":
        assert (ctx.root / "elsewhere").read_bytes() == checkpoint, "what it led to is somebody's"


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_is_gone_on_from(tmp_path, whole, inputs, kind):
    done, checkpoint = whole(kind)
    run, params, seeds = KINDS[kind]
    ctx = TestContext(tmp_path / "own", inputs.get(kind, {}), neutral(params))
    (ctx.partial / CHECKPOINT).write_bytes(checkpoint)
    assert run(ctx, params, dict(seeds)).scalars == done.scalars
    assert not any("thrown away" in line for line in ctx.lines)
    assert files(Done(ctx.out)) == files(done)


def test_another_tasks_checkpoint_is_not_taken(tmp_path):
    one, other = TestContext(tmp_path / "a"), TestContext(tmp_path / "b", task="1" * 64)
    Checkpoints(one, "update", "train.checkpoint").write(3, {"x": torch.ones(2)})
    shutil.copy(one.partial / CHECKPOINT, other.partial / CHECKPOINT)
    assert Checkpoints(other, "update", "train.checkpoint").read() is None
    assert other.lines == ["its checkpoint is no use and is thrown away, it begins anew: it is another task's"]


def test_tensors_of_equal_bytes_and_other_types_have_other_digests():
    zeros = torch.zeros(4, dtype=torch.int32)
    others = [zeros.view(torch.float32), zeros.reshape(2, 2), zeros + 1]
    assert len({digest({"x": value}) for value in (zeros, *others)} | {digest({"y": zeros})}) == 5
    assert digest({"x": zeros, "y": zeros[:1]}) == digest({"y": zeros[:1], "x": zeros})
    assert read.STATE != CHECKPOINT

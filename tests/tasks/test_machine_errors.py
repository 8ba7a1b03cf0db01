"""Memory that runs out and disks that fail while a task reads: what was read is to blame for none of that, and stays."""

import errno
import os
import resource
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

import pytest
import safetensors.torch
import torch
from context_for_tests import CONVNET, MLP, RAW, SEEDS, Done, TestContext, do, files, neutral, recipe, training

from lmcspec.base.errors import BlockedError
from lmcspec.catalog import get
from lmcspec.catalog.card import DistillerCard, MatcherCard
from lmcspec.catalog.in_updates import counted
from lmcspec.tasks import Interrupted, Part, UnfitInput, read, segments
from lmcspec.tasks.checkpoint import CHECKPOINT, Checkpoints
from lmcspec.tasks.distill import Distill
from lmcspec.tasks.distill import run as distill
from lmcspec.tasks.match import Match
from lmcspec.tasks.match import run as matching
from lmcspec.tasks.train import run as train

PASSING = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …"),
    MemoryError(),
    *(OSError(number, os.strerror(number)) for number in (errno.EMFILE, errno.EIO, errno.ESTALE)),
]


@contextmanager
def no_more_files():
    """A process that may open no file any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def raising(error):
    def act(*arguments, **options):
        raise error

    return act


def stepping(error):
    """In the place of a card's `load`: what raises at its first step."""

    def steps(*arguments):
        raise error
        yield

    return lambda card: steps


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_a_checkpoint_outlives_what_passes(tmp_path, error):
    ctx = TestContext(tmp_path)
    checkpoints = Checkpoints(ctx, "update", "train.checkpoint")
    checkpoints.write(3, {"a": torch.ones(2)})
    with pytest.raises(type(error)) as caught:
        checkpoints.read(raising(error))
    assert caught.value is error and not ctx.lines
    again = checkpoints.read()
    assert again is not None and again[0] == 3


def test_a_checkpoint_outlives_a_process_that_may_open_no_file(tmp_path):
    checkpoints = Checkpoints(TestContext(tmp_path), "update", "train.checkpoint")
    checkpoints.write(3, {"a": torch.ones(2)})
    with no_more_files(), pytest.raises(OSError, match="Too many open files"):
        checkpoints.read()
    assert checkpoints.read() is not None


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ends")
    how = training(until=6, how=recipe(length=6, batch=64))
    return {name: do(train, folder / name, how, SEEDS | {"copy": copy}) for copy, name in enumerate("ab")}


def kinds(name) -> Any:
    """(run, params, seeds) of a task that is stopped on its way, and the function that it goes on by before its first step."""
    match name:
        case "train":
            return train, training(until=40, how=recipe(length=40, batch=64)), SEEDS, (segments, "check_like")
        case "distill":
            method = {"method": "dm", "ipc": 2, "iterations": 40, "lr": 1.0, "momentum": 0.5, "batch": 20}
            return distill, Distill(Part.of(method), MLP, RAW), {"seed": 3}, (DistillerCard, "load")
        case "match":
            method = counted(get("matcher", "weights").config.model_validate({"method": "weights", "restarts": 3}))
            return matching, Match(MLP, Part.of(method), None, 0), {"pair": 4}, (MatcherCard, "load")
    raise LookupError(name)


@pytest.mark.parametrize("error", [PASSING[0], PASSING[1]], ids=["device", "host"])
@pytest.mark.parametrize("kind", ["train", "distill", "match"])
def test_a_task_whose_memory_runs_out_as_it_goes_on_does_so_the_next_time(kind, error, tmp_path, ends, monkeypatch):
    run, params, seeds, place = kinds(kind)
    inputs = ends if kind == "match" else {}
    whole = files(do(run, tmp_path / "whole", params, seeds, inputs=inputs))
    stops = chain([False], repeat(True))
    ctx = TestContext(tmp_path / "cut", neutral=neutral(params), inputs=inputs, stop=lambda: next(stops))
    with pytest.raises(Interrupted):
        run(ctx, params, dict(seeds))
    ctx.stop = lambda: False
    sound = (ctx.partial / CHECKPOINT).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(*place, (stepping if kind == "match" else raising)(error))
        with pytest.raises(type(error)):
            run(ctx, params, dict(seeds))
    assert (ctx.partial / CHECKPOINT).read_bytes() == sound
    assert not any("anew" in line for line in ctx.lines), ctx.lines
    run(ctx, params, dict(seeds))
    assert {path.name: path.read_bytes() for path in sorted(ctx.out.iterdir())} == whole


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_an_input_is_not_to_blame_for_what_passes(ends, tmp_path, monkeypatch, error):
    ctx = TestContext(tmp_path, inputs=ends)
    monkeypatch.setattr(safetensors.torch, "load_file", raising(error))
    with pytest.raises(type(error)) as caught:
        read.of_input(ctx, "a", read.STATE)
    assert caught.value is error


def test_an_input_is_not_to_blame_where_no_file_can_be_opened(ends, tmp_path):
    ctx = TestContext(tmp_path, inputs=ends)
    read.of_input(ctx, "a", read.STATE)
    with no_more_files(), pytest.raises(BlockedError, match="can't be opened just now") as caught:
        read.of_input(ctx, "a", read.STATE)
    assert "ulimit -n" in caught.value.help
    read.of_input(ctx, "a", read.STATE)


def test_nor_a_permutation_or_a_set(ends, tmp_path, monkeypatch):
    method = Part.of(counted(get("matcher", "weights").config.model_validate({"method": "weights"})))
    aligned = do(matching, tmp_path / "match", Match(MLP, method, None, 0), {"pair": 4}, inputs=ends)
    making = Part.of({"method": "dm", "ipc": 1, "iterations": 1, "lr": 1.0, "momentum": 0.5, "batch": 20})
    made = do(distill, tmp_path / "distill", Distill(making, CONVNET, RAW), {"seed": 3})
    params = training()
    ctx = TestContext(tmp_path / "x", neutral=neutral(params), inputs={"p": aligned, "data": made})
    of, data = read.groups(MLP), read.dataset(ctx, RAW)
    reading = {"p": lambda: read.permutation(ctx, "p", of), "data": lambda: read.distilled(ctx, data, None)}
    for act in reading.values():
        assert act()
        with no_more_files(), pytest.raises((OSError, BlockedError)) as caught:
            act()
        assert not isinstance(caught.value, UnfitInput)
        with monkeypatch.context() as patch:
            patch.setattr(safetensors.torch, "load", raising(MemoryError()))
            patch.setattr(safetensors, "safe_open", raising(MemoryError()))
            with pytest.raises(MemoryError):
                act()


@pytest.mark.parametrize("content", [None, b"", b"nonsense"], ids=["missing", "empty", "nonsense"])
def test_an_input_that_is_none_is_to_blame(tmp_path, content):
    folder = tmp_path / "input"
    folder.mkdir()
    if content is not None:
        (folder / read.STATE).write_bytes(content)
    with pytest.raises(UnfitInput, match="can't be read"):
        read.of_input(TestContext(tmp_path / "x", inputs={"a": Done(folder)}), "a", read.STATE)

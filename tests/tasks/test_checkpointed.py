"""Where a checkpoint stands is read from its head, whoever wrote the file."""

import json
import subprocess
import sys

import pytest
import torch
from context_for_tests import TestContext
from safetensors.torch import save

from lmcspec.tasks.checkpoint import CHECKPOINT, Checkpoints
from lmcspec.tasks.checkpointed import LONGEST_HEAD, stands


def test_what_was_written_says_where_it_stands(tmp_path):
    ctx = TestContext(tmp_path)
    assert stands(tmp_path, ctx.partial) == ""
    checkpoints = Checkpoints(ctx, "update", "train.checkpoint")
    checkpoints.write(3, {"a": torch.tensor([1.0])})
    assert stands(tmp_path, ctx.partial) == "update 3"
    checkpoints.write(12_345, {"a": torch.tensor([1.0])})
    assert stands(tmp_path, ctx.partial) == "update 12,345"
    Checkpoints(ctx, "steps done", "train.checkpoint").write(1, {})
    assert stands(tmp_path, ctx.partial) == "steps done 1"
    assert stands(tmp_path, tmp_path / "nowhere") == ""


def head(metadata):
    text = json.dumps({"__metadata__": metadata} if metadata is not None else {}).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05",
        head(None),
        head({}),
        head({"done": "3"}),
        head({"done": "-3", "unit": "update"}),
        head({"done": "3" * 30, "unit": "update"}),
        head({"done": 3, "unit": "update"}),
        head({"done": "3", "unit": "update\x1b[31m"}),
        head({"done": "3", "unit": ["update"]}),
        head([1, 2]),
        (10**15).to_bytes(8, "little") + b"{}",
        (LONGEST_HEAD + 1).to_bytes(8, "little") + b"{" * (LONGEST_HEAD + 1),
        (200_000).to_bytes(8, "little") + b"[" * 200_000,
        head({"done": "3", "unit": "update"})[:-4],
        save({"a": torch.tensor(1.0)}, {"task": "x", "sha256": "y"}),
    ],
)
def test_anything_else_says_nothing(tmp_path, content):
    """An earlier version's, half a file, and what somebody made to be read."""
    (tmp_path / CHECKPOINT).write_bytes(content)
    assert stands(tmp_path, tmp_path) == ""


def test_links_are_not_followed(tmp_path):
    ctx = TestContext(tmp_path)
    Checkpoints(ctx, "update", "train.checkpoint").write(3, {})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / CHECKPOINT).symlink_to(ctx.partial / CHECKPOINT)
    assert stands(tmp_path, tmp_path / "other") == ""


def test_it_needs_no_torch():
    code = "import sys; import lmcspec.tasks.checkpointed; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

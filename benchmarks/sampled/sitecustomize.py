"""What workers do, looked at a hundred times a second.

Python imports this file first in every process that has its folder on the path.

A fork server's workers are watched from their fork on, each by a thread in it that reads the stack of the main one and
counts (kind of task, part of its work). Counts lie in a file a process in the folder that LMCSPEC_BENCHMARK_SAMPLES
names, at most half a second old. Nothing of lmcspec is imported or changed, so that other versions of it are watched
alike.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

EVERY = 0.01
"""Seconds between two looks."""
WAITING, BETWEEN, REST = "waits for a task", "between tasks", "everything else"

FORWARD = "forward pass"
PARTS = {
    ("science/train.py", "advance"): FORWARD,
    ("science/train.py", "batches"): "batches: orders, augmentation",
    ("science/train.py", "snapshot"): "states: copied, read, written, committed",
    ("science/train.py", "on_host"): "states: copied, read, written, committed",
    ("science/paths.py", "recompute"): "statistics of batch norm",
    ("science/paths.py", "set"): "mixing weights",
    ("tasks/read.py", "dataset"): "data sets, once a worker",
    ("tasks/path.py", "_write_noise"): "noise floor",
    ("tasks/checkpoint.py", "tell"): "progress told",
}
"""The outermost of these functions that runs says what a task is at, by the end of its file's path and its name."""
FILES = {
    "science/evaluate.py": "evaluation",
    "science/layout.py": "measuring layouts, once",
    "science/trial.py": "measuring layouts, once",
    "tasks/checkpoint.py": "states: copied, read, written, committed",
    "tasks/read.py": "states: copied, read, written, committed",
}
"""The same for all functions of a file."""
STORE = "/lmcspec/store/"
WITHIN_UPDATE = {
    ("autograd/__init__.py", "grad"): "backward pass",
    ("science/train.py", "_step"): "masks and steps",
}
"""Parts of an update that are told from its forward pass."""


def named(frame: FrameType) -> tuple[str, str]:
    """The last two parts of a function's file, and its name."""
    return "/".join(frame.f_code.co_filename.rsplit("/", 2)[-2:]), frame.f_code.co_name


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of a stack from the innermost on."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def doing(innermost: FrameType | None) -> tuple[str, str]:
    """(kind, part) of a worker whose main thread is at this frame; the kind is empty where it has no task."""
    frames = [*outwards(innermost)][::-1]
    functions = [named(frame) for frame in frames]
    if ("engine/work.py", "execute") not in functions:
        return "", WAITING if functions and functions[-1] == ("engine/worker.py", "serve") else BETWEEN
    # A kind's `run` stands in a file of the kind's name.
    kinds = [file for file, function in functions if function == "run" and file.startswith("tasks/")]
    kind = kinds[0].removeprefix("tasks/").removesuffix(".py") if kinds else "around a task"
    part: str = REST
    for frame, function in zip(frames, functions, strict=True):
        if part == FORWARD:
            part = WITHIN_UPDATE.get(function, part)
        elif part == REST:
            part = PARTS.get(function, FILES.get(function[0], part))
            if STORE in frame.f_code.co_filename:
                part = "states: copied, read, written, committed"
    return kind, part


def watch(folder: Path, main: int) -> None:
    """Count what the main thread does until the process ends."""
    counts: Counter[tuple[str, str]] = Counter()
    due = time.monotonic() + 0.5
    while True:
        time.sleep(EVERY)
        counts[doing(sys._current_frames().get(main))] += 1
        if time.monotonic() >= due:
            due = time.monotonic() + 0.5
            draft = folder / f"{os.getpid()}.draft"
            draft.write_text(json.dumps([[*key, count] for key, count in counts.items()]))
            draft.replace(folder / f"{os.getpid()}.json")


def begin() -> None:
    """Watch this process, which was forked a moment ago."""
    folder = Path(os.environ["LMCSPEC_BENCHMARK_SAMPLES"])
    threading.Thread(target=watch, args=(folder, threading.get_ident()), name="samples", daemon=True).start()


if "LMCSPEC_BENCHMARK_SAMPLES" in os.environ:
    os.register_at_fork(after_in_child=begin)

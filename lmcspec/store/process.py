"""Which process did something, and whether it still lives: across restarts, reused pids, containers and hosts."""

import functools
import hashlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Process:
    """A process so described that no other one, on this host or another, is taken for it."""

    host: str
    boot: str
    """Of the host: another one means that every earlier process is gone."""
    space: str
    """The namespace in which `pid` counts: containers on one host each have their own."""
    pid: int
    started: str
    """A pid is used again; the moment of its start, in clock ticks since boot, is not."""


def this_process() -> Process:
    """The process in which this is called."""
    return _describe(os.getpid())


def read_process(document: dict[str, Any]) -> Process:
    """The process described in a lease or an owner's file; ValueError if it describes none."""
    try:
        return Process(
            str(document["host"]),
            str(document["boot"]),
            str(document["space"]),
            int(document["pid"]),
            str(document["started"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no process is described here: {error}") from error


def is_gone(process: Process) -> bool | None:
    """True if it has ended, False if it lives, None where this host can't tell."""
    here = this_process()
    if process.host != here.host:
        return None
    if process.boot != here.boot:
        return True
    if process.space != here.space:
        return None
    return _started(process.pid) != process.started


MARK = 32
"""Hex digits of a process's mark."""


def mark() -> str:
    """This process in 32 hex digits, for names of drafts: where it runs (8 of them), its pid (8), its start."""
    here = this_process()
    return f"{_where(here)}{here.pid:08x}{int(here.started or 0):016x}"


def mark_is_gone(mark: str) -> bool | None:
    """Whether the process of a mark has ended; None where that is for another host, or another boot of it, to say."""
    if mark[:8] != _where(this_process()):
        return None
    started = _started(int(mark[8:16], 16))
    return started is None or int(started) != int(mark[16:], 16)


def _where(process: Process) -> str:
    place = "\0".join((process.host, process.boot, process.space))
    return hashlib.sha256(place.encode()).hexdigest()[:8]


_PROC = Path("/proc")
"""Linux alone has it."""


@functools.lru_cache(maxsize=4)
def _describe(pid: int) -> Process:
    return Process(socket.gethostname(), _boot(), _space(), pid, _started(pid) or "")


def _boot() -> str:
    """Never the time of it, which moves when a clock is set; "" where nothing else tells boots apart."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        from lmcspec.base.sysctl import said

        return said("kern.bootsessionuuid")


def _space() -> str:
    try:
        return os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When it started, None if there is no such process. A zombie, killed but not yet reaped, counts as none."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None if (_PROC / "self/stat").exists() else _started_elsewhere(pid)
    # The name stands in brackets and may hold anything, brackets and spaces too.
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZXx" else fields[19]


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(round(process.create_time()))
    except psutil.NoSuchProcess:
        return None

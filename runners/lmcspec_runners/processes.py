"""Starting worker processes on this machine: forked from a server that has torch already, or one by one."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from lmcspec.base.surroundings import module_path, worker_environment

PACKET = 1 << 16
_SERVER = "import sys; sys.path[:] = {path!r}; from lmcspec.engine.forkserver import main; main({descriptor})"
_WORKER = "import sys; sys.path[:] = {path!r}; from lmcspec.engine.worker import serve; serve({descriptor}, {slot!r})"


def can_fork() -> bool:
    """Whether `ForkServer` works here. It takes sockets of packets; and macOS's own libraries break in a fork."""
    return sys.platform == "linux"


class ForkServer:
    """The driver's end of `lmcspec.engine.forkserver`."""

    def __init__(self) -> None:
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = _popen(_SERVER.format(path=module_path(), descriptor=other.fileno()), other.fileno())
        self._ended: dict[int, int] = {}

    def fork(self, descriptor: int, slot: dict[str, Any]) -> None:
        """Ask for a worker with this socket. OSError if the server is gone."""
        socket.send_fds(self.socket, [json.dumps({"fork": slot}).encode()], [descriptor])

    def listen(self, timeout: float = 0.0) -> bool:
        """Take in what the server says; False if it is gone."""
        while select.select([self.socket], [], [], timeout)[0]:
            try:
                message = self.socket.recv(PACKET)
            except OSError:
                return False
            if not message:
                return False
            answer = json.loads(message)
            if "ended" in answer:
                self._ended[answer["ended"]] = os.waitstatus_to_exitcode(answer["status"])
            timeout = 0.0
        return True

    def exit_code(self, pid: int, patience: float = 0.5) -> int | None:
        """How a worker ended that is known to have ended: its exit code, or minus the number of a signal."""
        deadline = time.monotonic() + patience
        while pid not in self._ended and time.monotonic() < deadline:
            if not self.listen(timeout=0.02):
                return None
        return self._ended.pop(pid, None)

    def close(self) -> None:
        """End the server and all its workers, and wait for that."""
        self.socket.close()
        _wait(self._process)


class Spawner:
    """Workers that import torch each for themselves."""

    socket = None

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def fork(self, descriptor: int, slot: dict[str, Any]) -> None:
        """Start a worker with this socket."""
        process = _popen(_WORKER.format(path=module_path(), descriptor=descriptor, slot=slot), descriptor)
        self._processes[process.pid] = process

    def exit_code(self, pid: int) -> int | None:
        """The exit code of a process that has ended, as of `ForkServer.exit_code`."""
        process = self._processes.pop(pid, None)
        return _wait(process) if process else None

    def close(self) -> None:
        """Wait until all workers have ended; their sockets are closed already."""
        for process in self._processes.values():
            _wait(process)
        self._processes.clear()


def _popen(program: str, descriptor: int) -> "subprocess.Popen[bytes]":
    # Ctrl-C goes to the whole process group; the child must not see it before it has said that it ignores it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            env=worker_environment(),
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(process: "subprocess.Popen[bytes]", patience: float = 3.0) -> int:
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()

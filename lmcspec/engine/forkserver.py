"""A small server, one a driver, that has imported torch once and forks a worker whenever the driver asks.

multiprocessing has one too, but it imports the caller's script again in every worker, starts one server for the whole
process with the environment of its first use, and blocks whoever asks until the imports are done.

The driver holds the only other end of the server's socket: when that closes, for whatever reason, the server ends all
workers and itself. Messages are JSON, one a packet: {"fork": slot document} with the worker's own socket attached;
the answers are {"forked": pid} and {"ended": pid, "status": wait status}.
"""

import json
import os
import select
import signal
import socket
import threading
import traceback
import warnings
from typing import Any, NoReturn

PACKET = 1 << 16


def main(descriptor: int) -> NoReturn:
    """Serve on this inherited socket until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # Standard output is for the driver's data.
    os.dup2(2, 1)
    driver = socket.socket(fileno=descriptor)
    with _EndsWith(driver):
        try:
            from lmcspec.engine.preload import preload

            preload()
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            os._exit(1)
    woken, wakes = socket.socketpair()
    for end in (woken, wakes):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    workers: set[int] = set()
    while True:
        readable, _, _ = select.select([driver, woken], [], [])
        if woken in readable:
            woken.recv(PACKET)
            _reap(driver, workers)
        if driver in readable:
            try:
                message, descriptors, _, _ = socket.recv_fds(driver, PACKET, 1)
            except ConnectionResetError:
                message, descriptors = b"", []
            if not message:
                _end(workers)
            _fork(driver, (woken, wakes), json.loads(message)["fork"], descriptors[0], workers)


def _fork(
    driver: socket.socket, wakers: tuple[socket.socket, ...], slot: dict[str, Any], descriptor: int, workers: set[int]
) -> None:
    with warnings.catch_warnings():
        # Since 3.12 Python warns where there are threads; libraries start theirs only once they have work.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(descriptor)
        workers.add(pid)
        _say(driver, {"forked": pid})
        return
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (driver, *wakers):
            end.close()
        from lmcspec.engine import worker

        worker.die_with_parent()
        worker.serve(descriptor, slot)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(1)


def _reap(driver: socket.socket, workers: set[int]) -> None:
    for pid in tuple(workers):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            workers.discard(pid)
            _say(driver, {"ended": pid, "status": status})


def _say(driver: socket.socket, message: dict[str, Any]) -> None:
    try:
        driver.send(json.dumps(message).encode())
    except OSError:
        pass  # The driver is gone, which the next look at its socket shows.


def _end(workers: set[int]) -> NoReturn:
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    for pid in workers:
        os.waitpid(pid, 0)
    os._exit(0)


class _EndsWith:
    """While the block runs, a thread ends this process if the socket closes; imports can take longer than we may."""

    def __init__(self, driver: socket.socket) -> None:
        self._over = threading.Event()
        self._poll = select.poll()
        self._poll.register(driver, select.POLLRDHUP)
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        # No thread may be left when the first fork comes.
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            if self._poll.poll(50):
                os._exit(0)

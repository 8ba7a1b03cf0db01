"""A worker process, forked from a preloaded server or started by itself: one task after the other for the driver.

Both hold an end of a socket. The driver says {"run": {"store", "trusted", "task", "payload"}} and {"stop": true}; the
worker says {"ready": pid}, what `work.execute` sends, and {"report": …, "rss": bytes, "grown": bool, "sound": bool};
or, instead of all that, {"unfit": why, "fork": bool} if it can't use its GPU, and whether that is so for being forked.
When the socket closes, the worker ends at once.
"""

import faulthandler
import json
import os
import queue
import resource
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of <sys/prctl.h>."""

_MEMORY = Path("/proc/self/statm")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends; where it can't, the socket alone tells."""
    if sys.platform == "linux":
        import ctypes

        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def serve(descriptor: int, slot: dict[str, Any]) -> NoReturn:
    """Work until the driver closes the socket. `slot` is {"device": CUDA_VISIBLE_DEVICES, "path": sys.path}."""
    os.environ["CUDA_VISIBLE_DEVICES"] = slot["device"]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # All may be sent to the whole group: the driver then says what is to be done, and has time for a checkpoint.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    sys.path[:] = slot["path"]
    driver = DriverChannel(descriptor)

    from lmcspec.engine import gpu, heap, logs, pristine
    from lmcspec.engine.context import Workplace
    from lmcspec.engine.garbage import Garbage
    from lmcspec.engine.work import execute
    from lmcspec.store import Store

    logs.write_through()
    faulthandler.enable(file=2)
    heap.keep()
    pristine.first()
    clean = pristine.Pristine.here()
    place = Workplace(
        device="cuda" if slot["device"] else "cpu",
        send=driver.send,
        stopping=driver.stopping.is_set,
        open_log=logs.DescriptorLog,
    )
    stores: dict[tuple[str, bool], Store] = {}
    garbage = Garbage()
    if slot["device"] and (why := gpu.claim()):
        driver.send({"unfit": why, "fork": gpu.forked_too_late()})
    else:
        driver.send({"ready": os.getpid()})
    while True:
        order = driver.orders.get()
        which = order["store"], order["trusted"]
        if which not in stores:
            stores[which] = Store.open(which[0], create=False, trusted=which[1])
        kept = len(place.memory)
        report = execute(stores[which], order["task"], order["payload"], place)
        clean.restore()
        garbage.collect(len(place.memory))
        heap.trim()
        sound = gpu.release()
        grown = len(place.memory) > kept
        driver.send({"report": report.document(), "rss": resident(), "grown": grown, "sound": sound})


class DriverChannel:
    """The worker's end of its socket, with a thread that listens, so that even a busy worker hears the driver go."""

    def __init__(self, descriptor: int) -> None:
        self.orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self._connection = Connection(descriptor)
        threading.Thread(target=self._listen, name="lmcspec-driver", daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Say something to the driver."""
        try:
            self._connection.send_bytes(encode(message))
        except OSError:
            os._exit(0)

    def _listen(self) -> None:
        while True:
            try:
                message = decode(self._connection.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)
            if "run" in message:
                self.orders.put(message["run"])
            elif "stop" in message:
                self.stopping.set()


def encode(message: dict[str, Any]) -> bytes:
    """A message as bytes. Infinite and undefined numbers travel too, as Python's json spells them."""
    return json.dumps(message).encode()


def decode(message: bytes) -> dict[str, Any]:
    """The message in these bytes."""
    return json.loads(message)


def resident() -> int:
    """Bytes of memory that this process occupies, shared pages included."""
    try:
        return int(_MEMORY.read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        import psutil

        return psutil.Process().memory_info().rss

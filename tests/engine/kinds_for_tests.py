# pyright: reportOptionalMemberAccess=false, reportOptionalOperand=false, reportArgumentType=false
"""Kinds of task without any science in them, named `kinds_for_tests:NAME` so that workers find them."""

import errno
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from lmcspec.base.errors import BlockedError
from lmcspec.tasks import Finished, Interrupted, Kind, UnfitInput, Work
from lmcspec.tasks.kind import Together


@dataclass(frozen=True)
class Params:
    value: int = 0
    act: str = ""
    path: str = ""


def _work(params, known):
    return Work(units=1.0)


def _write(ctx, params, seeds):
    (ctx.out / "value.txt").write_text(f"{params.value}\n")
    total = params.value + sum(ctx.result(which)["total"] for which in ("a", "b") if ctx.has(which))
    return Finished({"total": total})


def _act(ctx, params, seeds):
    print("printed")
    ctx.log("logged")
    marks = Path(params.path) if params.path else None
    if marks and not params.act.startswith(("once-", "sleep-")):
        with open(marks, "a") as file:
            file.write(f"{os.getpid()}\n")
    act = params.act
    if act.startswith("once-"):
        act = act.removeprefix("once-")
        try:
            os.close(os.open(marks, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            act = ""
    match act:
        case "exit":
            os.write(2, b"last words")
            os._exit(3)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "memory":
            raise MemoryError("too much")
        case "gpu-error":
            _break_gpu()
        case "gpu-look" | "gpu-hoard" | "gpu-too-much" | "gpu-assert":
            return Finished(_on_gpu(act, ctx.device))
        case "bug":
            raise KeyError("nonsense")
        case "data":
            raise FileNotFoundError("no images there")
        case "damaged-data":
            raise BlockedError("images.idx is cut off", help="fetch it again")
        case "unfit":
            ctx.input("a")
            raise UnfitInput("a", "it is of another model")
        case "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "collapse":
            return Finished({"total": 0}, outcome="diverged")
        case "sleep":
            for done in range(1000):
                ctx.progress(done, 1000, f"loss {1 / (1 + done):.4g}" if done else "")
                ctx.metric("train/loss", 1 / (1 + done), done)
                if ctx.stopping():
                    (ctx.partial / "checkpoint").write_text(str(done))
                    raise Interrupted
                time.sleep(0.01)
        case "nap":
            time.sleep(params.value / 100)
        case "sleep-short":
            time.sleep(0.15)
        case "sleep-until":
            for _ in range(2000):
                if marks.exists():
                    break
                time.sleep(0.005)
            else:
                raise TimeoutError
        case "sleep-meet":
            (marks / f"{params.value}").touch()
            for _ in range(2000):
                if len(list(marks.iterdir())) == 2:
                    break
                time.sleep(0.005)
            else:
                raise TimeoutError
        case "stubborn":
            time.sleep(30)
        case "regex":
            # One call into C that holds the interpreter's lock for many minutes.
            import re

            re.match(r"(a*)*b", "a" * 40)
        case "shout":
            for _ in range(300):
                os.write(1, b"x" * 9999 + b"\n")
        case "spoil":
            _spoil()
        case "grow":
            sys.modules[__name__].hoard = bytearray(b"x") * (400 << 20)  # pyright: ignore
        case "hold":
            held = bytearray(b"x") * params.value
            return Finished({"total": len(held)})
        case "look":
            return Finished(_look())
    return Finished({"total": params.value})


def _on_gpu(act, device):
    import torch

    reserved = torch.cuda.memory_reserved()
    match act:
        case "gpu-hoard":
            torch.empty(4 << 30, dtype=torch.uint8, device=device)
        case "gpu-too-much":
            torch.empty(1 << 50, dtype=torch.uint8, device=device)
        case "gpu-assert":
            torch.zeros(2, device=device)[torch.tensor([5], device=device)].cpu()
    return {
        "sum": torch.ones(2, device=device).sum().item(),
        "reserved": reserved,
        "visible": os.environ["CUDA_VISIBLE_DEVICES"],
        "count": torch.cuda.device_count(),
        "uuid": f"GPU-{torch.cuda.get_device_properties(0).uuid}",
    }


def _break_gpu():
    """Has torch behave as after an error on the GPU: whatever is asked of that fails from then on."""
    import torch

    def fail():
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    torch.cuda.is_initialized = lambda: True
    torch.cuda.synchronize = torch.cuda.empty_cache = fail
    fail()


def _spoil():
    import random
    import warnings

    import numpy as np
    import torch

    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(False)
    torch.manual_seed(7)
    torch.backends.cudnn.benchmark = True
    np.random.seed(7)
    random.seed(7)
    os.chdir("/")
    os.environ["SPOILT"] = "yes"
    os.umask(0)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    warnings.simplefilter("error")


def _look():
    import random
    import warnings

    import numpy as np
    import torch

    os.umask(umask := os.umask(0o022))
    return {
        "threads": torch.get_num_threads(),
        "interop": torch.get_num_interop_threads(),
        "dtype": str(torch.get_default_dtype()),
        "grad": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "benchmark": torch.backends.cudnn.benchmark,
        "draws": [float(torch.rand(())), float(np.random.rand()), random.random()],
        "spoilt": os.environ.get("SPOILT", ""),
        "folder": os.getcwd(),
        "umask": umask,
        "usr1": str(signal.getsignal(signal.SIGUSR1)),
        "int": str(signal.getsignal(signal.SIGINT)),
        "filters": len(warnings.filters),
        "cuda": os.environ.get("CUDA_VISIBLE_DEVICES", "unset"),
        "cuda_initialised": torch.cuda.is_initialized(),
        "group": os.getpgrp(),
        "main": getattr(sys.modules["__main__"], "__file__", None) or "",
    }


def _pass(ctx, params, seeds):
    """Commits every by-product with its own value, then ends, or dies, as told."""
    for identifier, parameters in ctx.byproducts():
        with ctx.byproduct(identifier) as context:
            if context is not None:
                (context.out / "value.txt").write_text(str(parameters["value"]))
                ctx.commit_byproduct(context, Finished({"total": parameters["value"]}))
    return _act(ctx, params, seeds)


def _size(member, offered):
    """Programs of three at most; of `apart` none."""
    return 1 if member.params.act == "apart" else min(offered, 3)


def _together(members):
    """Each writes its value, and all say how many they are; the first of an act says what goes wrong."""
    if any(member.params.act == "poison" for member in members):
        os._exit(3)
    act = members[0].params.act
    if act.startswith("once-"):
        act = act.removeprefix("once-")
        try:
            os.close(os.open(members[0].params.path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            act = ""
    match act:
        case "exit":
            os._exit(3)
        case "bug":
            raise KeyError("nonsense in the program")
        case "unfit":
            raise UnfitInput("a", "it is of another model")
        case "stop":
            for member in members:
                (member.ctx.partial / "checkpoint").write_text("7")
            os.kill(os.getpid(), signal.SIGINT)
            raise Interrupted
    for ctx, params, _ in members:
        for identifier, parameters in ctx.byproducts():
            with ctx.byproduct(identifier) as context:
                (context.out / "value.txt").write_text(str(parameters["value"]))
                ctx.commit_byproduct(context, Finished({"total": parameters["value"]}))
        ctx.progress(1, 2)
        ctx.log(f"one of {len(members)}")
        ctx.metric("train/loss", 0.5, 1)
        ctx.computes(together=len(members))
        (ctx.out / "value.txt").write_text(str(params.value))
    return [Finished({"total": params.value, "of": len(members)}) for _, params, _ in members]


def _by_itself(ctx, params, seeds):
    if params.act == "poison":
        os._exit(3)
    return Finished({"total": params.value, "of": 1})


WRITE = Kind(name="kinds_for_tests:WRITE", version=1, params=Params, run=_write, work=_work)
ACT = Kind(name="kinds_for_tests:ACT", version=1, params=Params, run=_act, work=_work)
PASS = Kind(name="kinds_for_tests:PASS", version=1, params=Params, run=_pass, work=_work)
TOGETHER = Kind(
    name="kinds_for_tests:TOGETHER",
    version=1,
    params=Params,
    run=_by_itself,
    work=_work,
    together=Together(lambda params: params.act, _size, _together),
)

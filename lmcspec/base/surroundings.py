"""What of the user's surroundings reaches libraries and child processes: decided here, and nowhere else.

Dropped is what was meant for another program and would change or break this one; all the rest is passed on: a proxy,
the choice of GPUs, a preloaded allocator, where certificates lie. The table is in docs/surroundings.md.
"""

import logging
import os
import sys
import sysconfig
import warnings
from collections.abc import Mapping, MutableMapping

FOR_PEOPLE = ("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONWARNINGS", "PYTHONBREAKPOINT")
"""For a Python that a person types into, or that is being debugged."""

ARITHMETIC = (
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
    *("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
)
"""They make libraries compute in fewer bits than they were told to."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""How many threads a task has is the plan's business."""

REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_COUNT"),
    *("GIT_CONFIG_PARAMETERS", "GIT_TRACE", "GIT_PREFIX"),
)
"""Set in hooks of git: they name another repository than that of the spec."""

TRACKING_SERVER = (
    *("MLFLOW_BACKEND_STORE_URI", "MLFLOW_REGISTRY_STORE_URI", "MLFLOW_DEFAULT_ARTIFACT_ROOT", "MLFLOW_HOST"),
    *("MLFLOW_PORT", "MLFLOW_WORKERS", "MLFLOW_GUNICORN_OPTS", "MLFLOW_UVICORN_OPTS", "MLFLOW_WAITRESS_OPTS"),
    *("MLFLOW_STATIC_PREFIX", "MLFLOW_SERVE_ARTIFACTS", "MLFLOW_ARTIFACTS_DESTINATION", "MLFLOW_ARTIFACTS_ONLY"),
    *("MLFLOW_EXPOSE_PROMETHEUS", "MLFLOW_APP_NAME", "MLFLOW_DEV", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"),
    *("MLFLOW_ENABLE_WORKSPACES", "MLFLOW_SERVER_ALLOWED_HOSTS", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"),
    *("MLFLOW_SERVER_X_FRAME_OPTIONS", "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "MLFLOW_FLASK_SERVER_SECRET_KEY"),
)
"""How somebody starts MLflow's server; ours has one place, and listens to this machine only."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""This machine, which no proxy can reach."""


def child_environment(drop: tuple[str, ...] = (), **more: str) -> dict[str, str]:
    """The environment of a child process that runs Python: without FOR_PEOPLE and `drop`, with `more`."""
    environment = {name: value for name, value in os.environ.items() if name not in (*FOR_PEOPLE, *drop)}
    if "PYTHONPATH" in environment:
        environment["PYTHONPATH"] = os.pathsep.join(filter(_names_a_place, environment["PYTHONPATH"].split(os.pathsep)))
    # No module of a child's comes from the folder in which somebody happens to be.
    environment["PYTHONSAFEPATH"] = "1"
    # What it says is read as UTF-8, and no sign is a reason to fail.
    environment["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    environment["MPLBACKEND"] = "Agg"
    _spare_loopback(environment)
    return environment | more


def worker_environment() -> dict[str, str]:
    """The environment variables of a process that works on tasks."""
    return child_environment(drop=ARITHMETIC, **dict.fromkeys(THREADS, "1"))


def foreign_environment(drop: tuple[str, ...] = (), **more: str) -> dict[str, str]:
    """The environment of another program, such as git: nearly all of ours, for it has settings of its own."""
    return {name: value for name, value in os.environ.items() if name not in drop} | more


def module_path() -> list[str]:
    """Where a child process of ours looks for modules: where this one does, but for the working folder.

    Python puts that first, or an empty part of PYTHONPATH does; a folder that PYTHONPATH names stays. One from which
    a package is installed (in editable form, as in a clone) goes to the end, where its .pth file would have put it.
    """
    named = set(filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    library = os.path.dirname(os.__file__)
    begin = sys.path.index(library) if library in sys.path else len(sys.path)
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    kept = [
        place
        for at, place in enumerate(sys.path)
        if _names_a_place(place) and (at >= begin or place != here or place in named)
    ]
    return kept if here in kept or not _installs(here) else [*kept, here]


def _installs(folder: str) -> bool:
    """Whether a .pth file among the installed packages names this folder: Python adds none that it has already."""
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if not name.endswith(".pth"):
                continue
            try:
                with open(os.path.join(place, name), encoding="utf-8", errors="replace") as lines:
                    if any(line.rstrip() == folder for line in lines):
                        return True
            except OSError:
                continue
    return False


def settle() -> None:
    """Make the process of a command independent of where it was started. A notebook's is its user's: not there."""
    sys.path[:] = module_path()
    # No command shows a window, and figures are drawn whether or not there is a home for a cache of fonts.
    os.environ["MPLBACKEND"] = "Agg"
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    if os.environ.pop("PYTHONWARNINGS", ""):
        # Somebody's who looks for warnings of a program of their own; here they would be errors of libraries.
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
    spare_loopback()


def spare_loopback() -> None:
    """Have this process reach servers on this very machine without a proxy."""
    _spare_loopback(os.environ)


def keep_arithmetic() -> None:
    """Have libraries that are not loaded yet compute in the bits that they are told to."""
    for name in ARITHMETIC:
        os.environ.pop(name, None)


def _spare_loopback(environment: MutableMapping[str, str]) -> None:
    if not _has_proxy(environment):
        return
    # Of two spellings a library reads one, so that both have to say the same.
    listed = [part.strip() for name in ("no_proxy", "NO_PROXY") for part in environment.get(name, "").split(",")]
    spared = ",".join(dict.fromkeys(filter(None, (*listed, *LOOPBACK))))
    environment["no_proxy"] = environment["NO_PROXY"] = spared if "*" not in listed else "*"


def _has_proxy(environment: Mapping[str, str]) -> bool:
    return any(name.lower().endswith("_proxy") and name.lower() != "no_proxy" for name in environment)


def _names_a_place(place: str) -> bool:
    return os.path.normpath(place) != os.curdir if place else False

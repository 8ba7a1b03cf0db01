"""What all tests share: folders of their own for caches and state, the real data where they are at hand, and the house rules.

The rules: one thread of torch; no GPU but for tests marked `gpu`, so that the others are the same everywhere; a test takes no longer than its markers allow; no example is drawn by chance unless
LMCSPEC_HYPOTHESIS=full; with LMCSPEC_STRICT_SKIPS=1 a skip needs a reason that stands in .ci/allowed-skips.txt.
"""

import os

# Before anything imports torch or numpy, in this process and in all that it starts.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
# Tests of tracking ask for it; the others would each load MLflow.
os.environ["LMCSPEC_NO_TRACKING"] = "1"
os.environ.pop("MLFLOW_TRACKING_URI", None)
# Workers of xdist have one, which commands would take for the width of a terminal.
os.environ.pop("COLUMNS", None)
# Else each of the many processes that tests start compiles lmcspec again, and pytest all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import subprocess
import sys
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

sys.dont_write_bytecode = False
# What several folders of tests share is imported by its plain name, as within one.
sys.path.insert(0, str(Path(__file__).parent))

from profiles import PROFILE  # noqa: E402 (bytecode of what it imports is kept, too)

SECONDS = 20.0 if os.environ.get("CI") and PROFILE == "ci" else float("inf")
"""What a test without a marker may take before it fails. The rule is 10 s; machines that run CI are noisy."""
LONG = {"slow", "data", "kill", "browser", "ray", "gpu"}
LONG_TIMEOUT = 600
SKIPS = Path(__file__).parents[1] / ".ci" / "allowed-skips.txt"
GPUS = os.environ.get("CUDA_VISIBLE_DEVICES")
"""Those that this machine's user lets tests have; None for all."""

unlisted_skips: dict[str, str] = {}


def pytest_collection_modifyitems(items):
    """Tests of the longer kinds get the longer time limit, unless they set one themselves."""
    for item in items:
        if is_long(item) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Runners of a test, in this process or another, see GPUs only where it is marked `gpu`."""
    show_gpus(GPUS if item.get_closest_marker("gpu") else "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where CI is set, a test of the quick suite that isn't quick fails."""
    report = yield
    if call.when == "call" and report.passed and call.duration > SECONDS and not is_long(item):
        report.outcome = "failed"
        report.longrepr = f"took {call.duration:.1f} s, more than {SECONDS:.0f}: make it faster or mark it slow"
    return report


def pytest_runtest_logreport(report):
    """Remember skips for reasons that aren't on the list."""
    if report.skipped and not hasattr(report, "wasxfail"):
        note_skip(report)


def pytest_collectreport(report):
    """The same for whole files."""
    if report.skipped:
        note_skip(report)


def pytest_sessionfinish(session):
    """Fail for them, in the process that sees all reports."""
    if unlisted_skips and os.environ.get("LMCSPEC_STRICT_SKIPS") == "1" and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """Say which."""
    if unlisted_skips and os.environ.get("LMCSPEC_STRICT_SKIPS") == "1":
        terminalreporter.section("skipped for a reason that .ci/allowed-skips.txt doesn't list", red=True)
        for test, reason in unlisted_skips.items():
            terminalreporter.line(f"{test}: {reason}", red=True)


def show_gpus(visible: str | None) -> None:
    """Let CUDA see these GPUs, as its variable names them, or all."""
    if visible is None:
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible


def is_long(item) -> bool:
    """Whether a test has one of the markers that keep it out of the quick suite."""
    return any(item.get_closest_marker(name) for name in LONG)


def note_skip(report) -> None:
    """Keep the reason of a skip unless a line of the list matches it; `*` in a line stands for anything."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    lines = [line.strip() for line in SKIPS.read_text().splitlines()]
    if not any(fnmatchcase(reason, line) for line in lines if line and not line.startswith("#")):
        unlisted_skips[report.nodeid] = reason


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory):
    """No test reads or writes the user's cache, or what else of lmcspec's lies in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMCSPEC_CACHE", str(tmp_path_factory.mktemp("lmcspec-cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def gpu_found(request) -> bool:
    """Whether there is a GPU; False where no selected test asks, so that torch is loaded for those only that do.

    CUDA reads once in a process which GPUs it may see, at the first backward pass at the latest: so now, before a
    test that may see none.
    """
    if not any(item.get_closest_marker("gpu") for item in request.session.items):
        return False
    import torch

    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    show_gpus(GPUS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about a driver or a GPU that doesn't fit
        found = torch.cuda.is_available()
        if found:
            torch.cuda.init()
    show_gpus(before)
    return found


@pytest.fixture
def cuda(gpu_found) -> Iterator[str]:
    """The device `cuda`, and torch as a worker has it. Without a GPU the test is skipped."""
    if not gpu_found:
        pytest.skip("needs a GPU")
    import torch

    from lmcspec.engine import gpu, pristine

    pristine.first()
    pristine.prepare(threads=1)
    yield "cuda"
    torch.use_deterministic_algorithms(False)
    assert gpu.release()


@pytest.fixture(scope="session")
def unpacked_data(request, tmp_path_factory) -> Path:
    """The folder that holds MNIST/raw, cifar10, tinyimagenet10 and distilled.

    LMCSPEC_TEST_UNPACKED names it if set. Otherwise the archives in the folder LMCSPEC_TEST_DATA are unpacked once
    into pytest's own cache folder and found there by later sessions.
    """
    unpacked = os.environ.get("LMCSPEC_TEST_UNPACKED")
    if unpacked:
        return Path(unpacked)
    packed = os.environ.get("LMCSPEC_TEST_DATA")
    if not packed or not Path(packed, "unpack.py").is_file():
        pytest.skip("the data folder is missing: set LMCSPEC_TEST_DATA")
    from filelock import FileLock

    cache = getattr(request.config, "cache", None)
    place = Path(cache.mkdir("unpacked-data")) if cache else tmp_path_factory.getbasetemp().parent / "unpacked-data"
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name("unpacked-data.lock")):
        subprocess.run([sys.executable, str(Path(packed, "unpack.py")), str(place)], check=True, capture_output=True)
    return place


@pytest.fixture
def plugin(request, tmp_path, monkeypatch):
    """A package of cards as one that is installed, with what the test's module has as CARD and FILES in it."""
    from plugin_for_tests import Plugin

    monkeypatch.syspath_prepend(tmp_path)
    made = Plugin(tmp_path, getattr(request.module, "CARD", ""), getattr(request.module, "FILES", {}))
    made.forget()
    yield made
    made.forget()

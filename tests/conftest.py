"""What all tests share: a cache folder of their own, and the real data where they are at hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """No test reads or writes the user's cache folder."""
    before = os.environ.get("LMCSPEC_CACHE")
    os.environ["LMCSPEC_CACHE"] = str(tmp_path_factory.mktemp("lmcspec-cache"))
    yield
    if before is None:
        del os.environ["LMCSPEC_CACHE"]
    else:
        os.environ["LMCSPEC_CACHE"] = before


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

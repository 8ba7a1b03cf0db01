"""One undisturbed run of the study, which all others are compared with."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Path:
    """The store of a run that nothing disturbed; made once, whatever the number of processes that test."""
    from runs_for_tests import Run

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    store, done = shared / "undisturbed", shared / "undisturbed.json"
    with FileLock(shared / "undisturbed.lock"):
        if not done.exists():
            with Run(store) as run:
                assert run.end() == 0, run.said
                done.write_text(json.dumps(run.done()))
    return store


@pytest.fixture(scope="session")
def tasks(undisturbed) -> list[str]:
    """The labels of the tasks that such a run does; what is passed on the way is not among them."""
    return json.loads(undisturbed.with_suffix(".json").read_text())


@pytest.fixture(scope="session")
def calm(undisturbed) -> dict[str, str]:
    """What the undisturbed run came to: id -> digest of the result."""
    from manifest_for_tests import manifest

    from lmcspec.store import Store

    return manifest(Store.open(undisturbed))


@pytest.fixture(scope="session")
def both(undisturbed, tmp_path_factory) -> Path:
    """A store in which the study ran, and another one that shares most of it. Not to be changed: copy it."""
    from runs_for_tests import Run

    root = tmp_path_factory.mktemp("both") / "store"
    shutil.copytree(undisturbed, root)
    with Run(root, "--set", 'study="second"', "--set", "measures.stability.points=3") as run:
        assert run.end() == 0, run.said
    return root


@pytest.fixture
def disk(tmp_path) -> Path:
    """A folder to mount on, for a shell that `MOUNT` runs."""
    from runs_for_tests import MOUNT

    if subprocess.run([*MOUNT, "true"], capture_output=True).returncode:
        pytest.skip("needs user namespaces, to mount file systems of its own")
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder

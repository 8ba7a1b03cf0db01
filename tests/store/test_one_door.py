"""Files of a store are opened, made, moved and deleted by lmcspec/base/beneath.py alone, which follows no link."""

import ast
from pathlib import Path

import pytest

import lmcspec

HOUSE = Path(lmcspec.__file__).parent
MODULES = sorted(
    path.relative_to(HOUSE).as_posix()
    for part in (
        "store/*.py",
        "engine/*.py",
        "tasks/checkpoint.py",
        "report/folder.py",
        "plan/history.py",
        "track/*.py",
    )
    for path in HOUSE.glob(part)
)
CALLS = {"open", "unlink", "remove", "rmdir", "rmtree", "rename", "renames", "replace", "link", "symlink", "mkdir"} | {
    *("makedirs", "touch", "truncate", "write_text", "write_bytes", "read_text", "read_bytes", "symlink_to"),
    *("hardlink_to", "copy", "copyfile", "copytree", "move", "chmod", "utime", "glob", "rglob", "iterdir", "scandir"),
    *("exists", "is_dir", "is_file"),
}
"""Whatever reaches a file by a path that the system resolves."""
OURS = ("beneath", "layout")
ELSEWHERE = {
    "engine/logs.py": {"os.open"},  # in the attempt's folder, just made; the last step follows no link
    "engine/numerics.py": {"_CPUINFO.read_text"},
    "engine/peaks.py": {"(_PROCESS / 'status').read_text", "(_PROCESS / 'clear_refs').write_text"},
    "engine/run.py": {"self._queue.open", "self._queue.move"},  # a slot
    "engine/schedule.py": {"self._placement.open", "self._placement.move"},  # a slot
    "engine/simulation.py": {"queue.open"},  # a slot
    "engine/worker.py": {"Store.open", "_MEMORY.read_bytes"},
    "store/archive.py": {"self._zip.open"},  # a part of a file that the user has named
    "store/packing.py": {"self._zip.open"},
    "store/filesystems.py": {"_MOUNTED.read_text"},
    "store/layout.py": {"read_bytes"},  # its own, by beneath.reading
    "store/index.py": {"self._root.mkdir"},  # the user's state folder, where the store is on a network disk
    "store/process.py": {
        "(_PROC / 'sys/kernel/random/boot_id').read_text",
        "(_PROC / str(pid) / 'stat').read_text",
        "(_PROC / 'self/stat').exists",
    },
    # At a URL, where there is no folder of ours; on a disk a draft takes the place of whatever has the name.
    "store/remote.py": {"os.replace", "self.filesystem.makedirs", "self.filesystem.open", "self.filesystem.rmdir"},
    "store/header.py": {"root.mkdir", "root.exists", "root.is_dir"},  # the root is the user's to name
    "report/folder.py": {"root.mkdir"},
    # Folders of a store are made and looked at when it is opened; databases when their paths are worked out (`where`).
    "track/database.py": {"database.parent.mkdir"},
    "track/evidence.py": {"database.is_file"},
    "track/ledger.py": {"path.parent.mkdir", "self.move"},
    "track/runs.py": {"path.is_file"},
    "track/tracker.py": {"path.exists", "path.parent.mkdir"},
    "track/server.py": {"file.write_bytes"},  # in a folder of the system's for what is sent
    "track/pages.py": {"b''.join(parts).replace", "files('lmcspec.track').joinpath('opening.js').read_bytes"},  # ours
    "track/template.py": {"temporary.write_bytes"},  # in the user's cache folder
    "track/follow.py": {"self._ledger.move"},
    "track/series.py": {"self.server.rename"},
    "track/serve.py": {"_DIRECTLY.open", "view.link"},  # addresses
}
"""What else is called by such a name, and is no file of a store's."""


def reaches(module: str) -> set[str]:
    """The calls of a module that go to files by themselves."""
    found = set()
    for node in ast.walk(ast.parse((HOUSE / module).read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            name = called.rpartition(".")[2]
            of_text = name == "replace" and (len(node.args) == 2 or called == "replace")
            if (
                name in CALLS
                and called.partition(".")[0] not in OURS
                and not (of_text and not called.startswith("os."))
            ):
                found.add(called)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_no_module_goes_to_files_by_itself(module):
    found = reaches(module) - ELSEWHERE.get(module, set())
    assert not found, f"use lmcspec.base.beneath or lmcspec.store.layout: {sorted(found)}"


def test_what_is_allowed_is_needed():
    for module, calls in ELSEWHERE.items():
        assert calls <= reaches(module), module

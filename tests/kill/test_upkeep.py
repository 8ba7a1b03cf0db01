"""Upkeep where it is hard: of a store that can only be read, on a disk that is full, and killed there."""

import os
import shlex
import shutil
import subprocess

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import COMMAND, MOUNT, STUDY, Run, fault

from lmcspec.plan.needs import read_needs
from lmcspec.store import Store, verify

pytestmark = pytest.mark.kill

READING = (
    ("status",), ("status", STUDY), ("status", "--format", "json"), ("plan", STUDY), ("results", STUDY), ("gc",),
    ("gc", "--older", "30d"), ("gc", "--study", "second"), ("explain", STUDY, "recipes.real.optimiser.lr"), ("verify",), ("diff", STUDY, "--set", "replicates=2"),
)  # fmt: skip
"""Commands that need to write nothing in a store."""
WRITING = (("gc", "--yes"), ("forget", "killed"))


def inside(disk, *lines, **environment):
    """Run a shell's lines where a file system is mounted on $0."""
    environment = {**os.environ, "LMCSPEC_DRIVER_PID": "0", "NO_COLOR": "1", **environment}
    return subprocess.run([*MOUNT, "\n".join(lines), str(disk)], capture_output=True, text=True, env=environment)


def command(*words):
    """A line that calls lmcspec on the store there, and says how that ended."""
    return f'{shlex.join([COMMAND, *map(str, words)])} --store "$0/store"; echo "{words[0]} ended: $?"'


def endings(said):
    return [line.rpartition(": ")[2] for line in said.stdout.splitlines() if " ended: " in line]


@pytest.mark.parametrize("place", ["where it was made", "moved", "copied"])
def test_what_reads_needs_no_right_to_write(both, disk, tmp_path, place):
    if place == "where it was made":
        shutil.copytree(both, disk / "store")
    else:
        shutil.copytree(both, tmp_path / "first")
        (shutil.move if place == "moved" else shutil.copytree)(tmp_path / "first", disk / "store")
    before = snapshot(disk / "store")
    read_only = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 99'
    said = inside(
        disk, read_only, *(command(*words) for words in READING), command("report", STUDY, "-o", tmp_path / "page")
    )
    assert endings(said) == ["0"] * (len(READING) + 1), said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert (tmp_path / "page" / "report.html").is_file()
    assert "killed" in said.stdout and "second" in said.stdout
    refused = inside(disk, read_only, *(command(*words) for words in WRITING))
    assert endings(refused) == ["4"] * len(WRITING), refused.stdout + refused.stderr
    assert refused.stderr.count("can't be written to") == len(WRITING) and "Traceback" not in refused.stderr
    assert refused.stderr.count("help: ") == len(WRITING)
    assert snapshot(disk / "store") == before


def snapshot(root):
    return {path.relative_to(root).as_posix(): path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}


FILL = {
    "no byte is free": ("size=128m", 'dd if=/dev/zero of="$0/fill" bs=4k 2>/dev/null; dd if=/dev/zero of="$0/more" bs=1 2>/dev/null'),
    "no name is free": ("size=512m,nr_inodes=6000", 'mkdir "$0/fill"; i=0; while true > "$0/fill/$i"; do i=$((i+1)); done'),
}  # fmt: skip


@pytest.mark.parametrize("full", FILL)
def test_a_full_disk_is_freed(both, calm, disk, tmp_path, full):
    """A study is forgotten, and what only it needs deleted, where nothing can be written first."""
    options, fill = FILL[full]
    kept = tmp_path / "kept"
    said = inside(
        disk,
        f'mount -t tmpfs -o {options} none "$0" && cp -a {both} "$0/store" || exit 99',
        fill,
        *(command(*words) for words in (("forget", "second"), ("gc",), ("gc", "--yes"), ("status",), ("gc",))),
        f'cp -a "$0/store" {kept}',
    )
    assert endings(said) == ["0"] * 5, said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    check(kept, both, calm)


def test_killed_between_unmarking_a_result_and_removing_it(both, calm, disk, tmp_path):
    """On a disk without a free name a result loses its COMMIT first; SIGKILL there, and the same command again."""
    options, fill = FILL["no name is free"]
    kept, mark = tmp_path / "kept", tmp_path / "mark"
    killed = " ".join(f"{name}={shlex.quote(value)}" for name, value in fault("gc.unmarked", "worker", mark).items())
    said = inside(
        disk,
        f'mount -t tmpfs -o {options} none "$0" && cp -a {both} "$0/store" || exit 99',
        command("forget", "second"),
        fill,
        f"{killed} {command('gc', '--yes')}",
        f'cp -a "$0/store" {tmp_path / "half"}',
        command("gc", "--yes"),
        command("gc"),
        f'cp -a "$0/store" {kept}',
    )
    assert endings(said) == ["0", "137", "0", "0"], said.stdout + said.stderr
    assert mark.exists() and "Traceback" not in said.stdout + said.stderr
    half = Store.open(tmp_path / "half")
    assert read_needs(half).tasks & manifest(Store.open(both)).keys() <= manifest(half).keys()
    without = [folder for folder in half.root.glob("objects/*/*") if not (folder / "COMMIT").exists()]
    assert len(without) == 1 and (without[0] / "task.json").is_file(), "it was killed between the two"
    assert [damage.id for damage in verify(half)] == [without[0].name], "and counts as missing"
    check(kept, both, calm)


def with_outputs(store):
    return {stored.id for stored in map(store.find, manifest(store)) if stored.has_outputs}


def check(root, both, calm):
    """All that a kept study needs of what there was is there, and nothing else; it comes to the same again."""
    store, before = Store.open(root), Store.open(both)
    needs = read_needs(store)
    needed = needs.tasks & manifest(before).keys()
    assert needed and manifest(store).keys() == needed
    assert with_outputs(store) == (with_outputs(before) & needed) - needs.used_up(needed)
    assert manifest(store).items() <= calm.items() and verify(store) == []
    assert not list(root.glob("attempts/*/*"))
    assert all((folder / "COMMIT").exists() for folder in root.glob("objects/*/*"))
    with Run(root) as run:
        assert run.end() == 0, run.said
    assert not compare(manifest(store), calm)

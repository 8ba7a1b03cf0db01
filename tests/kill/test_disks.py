"""A store on a disk that is full, fills up or can only be read: exit 4, what to do; then the same command goes on."""

import json

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import MOUNT, Run

from lmcspec.store import Store, verify

pytestmark = pytest.mark.kill


def mounted(disk, mount, after=""):
    """What stands before a command: `mount`, in which $0 is the folder, then the command, then `after`."""
    return (*MOUNT, f'{mount} || exit 99; "$@"; code=$?; {after or ":"}; exit $code', str(disk))


def said_what_to_do(run, *words):
    assert run.end() == 4, run.said
    assert all(word in run.said for word in words), run.said
    assert "help: " in run.said and "Traceback" not in run.said
    assert run.gone(0.5)
    return True


@pytest.mark.parametrize("size", ["8k", "40k"])
def test_a_full_disk(disk, size):
    mount = f'mount -t tmpfs -o size={size} none "$0"'
    with Run(disk / "store", format="table", before=mounted(disk, mount)) as run:
        assert said_what_to_do(run, "no space is left", "free some space")


def test_a_disk_that_fills_up(calm, disk, tmp_path):
    """It stops where it is, without a failed task; with more space the same command goes on."""
    kept = tmp_path / "kept"
    keep = f'cp -a "$0/store" {kept}'
    with Run(
        disk / "store", format="table", before=mounted(disk, 'mount -t tmpfs -o size=450k none "$0"', keep)
    ) as run:
        assert said_what_to_do(run, "no space is left", "free some space")
        assert len(run.done()) > 3 and "stopped " in run.said and "failed" not in run.said
    store = Store.open(kept, create=False)
    assert verify(store) == []
    assert manifest(store).items() <= calm.items()
    with Run(kept) as run:
        assert run.end() == 0, run.said
    assert not compare(manifest(store), calm)


def test_a_store_that_can_only_be_read(undisturbed, calm, disk):
    """It can't run anything, and shows what it has."""
    read_only = f'mount --bind {undisturbed} "$0" && mount -o remount,bind,ro "$0"'
    with Run(disk, before=mounted(disk, read_only)) as run:
        assert run.end() == 0, run.said
        assert "Nothing to do" in run.said
    with Run(disk, "--set", "replicates=2", format="table", before=mounted(disk, read_only)) as run:
        assert said_what_to_do(run, "can't be written to", "make the folder writable")
    assert manifest(Store.open(undisturbed)) == calm


def test_caches_on_a_full_disk_of_their_own(calm, disk):
    """Recorded plans and facts are for later runs: where they can't be written, this one has all its results.

    But `gc` would delete them where the plan is not recorded, which is an error at the end, and not only said.
    """
    full = (
        'for one in studies facts; do mkdir -p "$0/store/$one" && mount -t tmpfs -o size=4k none "$0/store/$one" '
        '&& head -c 4096 /dev/zero > "$0/store/$one/full" || exit 98; done'
    )
    with Run(disk / "store", before=mounted(disk, full)) as run:
        assert run.end() == 4, run.said
        answer = json.loads(run.results)
        assert answer["data"]["results"] and not answer["ok"]
        assert "could not be recorded" in answer["errors"][0]["message"] and answer["errors"][0]["hint"]
        said = [line for line in run.said.splitlines() if "was not written" in line]
        assert len(said) == 3 and all("No space left on device" in line for line in said), run.said
        places = ["/studies/" in line for line in said]
        assert places == [True, True, False], "the plan, the plan once more, and how long the run took"
        assert "Traceback" not in run.said
    assert not compare(manifest(Store.open(disk / "store")), calm)

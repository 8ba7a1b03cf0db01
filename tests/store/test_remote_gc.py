"""Objects that are deleted at a URL are gone, also where it has folders; and no password is shown."""

import shutil

import pytest

from lmcspec.store.remote import Remote
from lmcspec.store.remote_gc import delete_objects
from lmcspec.store.remote_objects import remote_ids

FIRST, SECOND = "ab" * 32, "ab" * 31 + "cd"


@pytest.mark.parametrize("protocol", ["file", "memory"])
def test_no_folder_is_left_that_would_count_as_an_object(tmp_path, protocol):
    remote = Remote.at(f"{protocol}://{tmp_path}/remote")
    for task in (FIRST, SECOND):
        for name in ("COMMIT", "0" * 64, "1" * 64):
            remote.write(f"objects/ab/{task}/{name}", b"{}")
        remote.write(f"checkpoints/ab/{task}", b"{}")
    assert remote_ids(remote) == [FIRST, SECOND]
    delete_objects(remote, [FIRST])
    assert remote_ids(remote) == [SECOND] and len(remote.names(f"objects/ab/{SECOND}")) == 3
    delete_objects(remote, [FIRST, SECOND])
    assert remote_ids(remote) == [] and remote.names("checkpoints/ab") == []


def test_a_folder_that_was_left_before_goes_too_and_one_with_something_in_it_stays(tmp_path):
    remote = Remote.at(f"file://{tmp_path}/remote")
    (tmp_path / "remote" / "objects" / "ab" / FIRST).mkdir(parents=True)
    remote.write(f"objects/ab/{SECOND}/COMMIT", b"{}")
    delete_objects(remote, [FIRST])
    remote.delete_empty(f"objects/ab/{SECOND}")
    assert remote_ids(remote) == [SECOND] and remote.names(f"objects/ab/{SECOND}") == ["COMMIT"]
    shutil.rmtree(tmp_path / "remote")
    remote.delete_empty(f"objects/ab/{SECOND}")

from pathlib import Path

import pytest

from lmcspec.store import filesystem, is_network

MOUNTS = [
    ("/", "ext4"),
    ("/proc", "proc"),
    ("/home", "nfs4"),
    ("/home/me/fast disk", "xfs"),
    ("/mnt", "ext4"),
    ("/mnt", "lustre"),
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/x", "ext4"),
        ("/home/me/store", "nfs4"),
        ("/homes/me", "ext4"),
        ("/home/me/fast disk/store/deep", "xfs"),
        ("/home/me/fast diskette", "nfs4"),
        ("/mnt", "lustre"),
    ],
)
def test_the_deepest_and_latest_mount_counts(path, kind):
    assert filesystem(Path(path), MOUNTS) == kind


def test_links_are_followed(tmp_path):
    (tmp_path / "link").symlink_to("/home/me")
    assert filesystem(tmp_path / "link" / "store", MOUNTS) == "nfs4"


def test_this_machines_mounts_are_read(tmp_path):
    assert filesystem(Path("/proc/self")) == "proc"
    assert filesystem(tmp_path) != ""


def test_an_unknown_file_system_has_no_name():
    assert filesystem(Path("/x"), []) == ""


def test_what_is_on_a_network():
    assert all(map(is_network, ["nfs", "nfs4", "cifs", "lustre", "fuse.sshfs", "9p"]))
    assert not any(map(is_network, ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "apfs", "fuseblk", ""]))

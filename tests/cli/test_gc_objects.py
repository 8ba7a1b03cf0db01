"""`gc --objects` and `status --objects`: what of a URL this store's studies have given up, and how much is there."""

import shutil
import uuid

import pytest
from manifest_for_tests import compare, manifest

from lmcspec.store import Store
from lmcspec.store.remote import Remote
from lmcspec.store.remote_objects import remote_ids


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/study"


@pytest.fixture
def study(place, finished, lmcspec, url):
    """The study, which has run in the store here, and is at the URL beside an object of somebody else's."""
    shutil.copytree(finished, place / ".lmcspec")
    assert lmcspec("sync", "--objects", url).code == 0
    Remote.at(url).write(f"objects/ab/{'ab' * 32}/COMMIT", b"{}")
    return place


def name_of(lmcspec):
    (view,) = lmcspec("status", "--format", "json").data["studies"]
    return view["study"]


def test_only_what_was_given_up_here_goes(study, lmcspec, url):
    there = set(manifest(Store.open(".lmcspec")))
    said = lmcspec("gc", "--objects", url)
    assert said.code == 0 and f"Nothing to delete of {len(there) + 1} objects" in said.out
    name = name_of(lmcspec)
    lmcspec("forget", name)
    shown = lmcspec("gc", "--objects", url)
    assert f"{len(there)} of {len(there) + 1} objects at {url} would go" in shown.out
    assert f"{name}, forgotten" in shown.out and f"lmcspec gc --objects {url} --yes" in shown.err
    assert set(remote_ids(Remote.at(url))) == there | {"ab" * 32}
    # The store's own results may have gone before: the record of what was forgotten tells.
    assert lmcspec("gc", "--yes").code == 0
    done = lmcspec("gc", "--objects", url, "--yes", "--format", "json")
    assert done.code == 0 and set(done.data["pieces"]) == there and done.data["deleted"]
    assert remote_ids(Remote.at(url)) == ["ab" * 32], "what is somebody else's stays"
    remote = Remote.at(url)
    left = remote.filesystem.find(remote.root)
    assert [path.rpartition("/objects/")[2] for path in left] == [f"ab/{'ab' * 32}/COMMIT"], "no file is left over"


def test_what_a_kept_study_needs_stays_and_what_its_earlier_plan_had_goes(study, lmcspec, url):
    store = Store.open(".lmcspec")
    before = set(manifest(store))
    assert lmcspec("run", "study.toml", "--runner", "inline", "--set", "recipes.real.optimiser.lr=0.05").code == 0
    data = lmcspec("gc", "--objects", url, "--format", "json").data
    needed = {piece["id"] for piece in lmcspec("gc", "--format", "json").data["pieces"] if piece["what"] == "result"}
    assert data["pieces"] and set(data["pieces"]) == before & needed
    name = name_of(lmcspec)
    assert lmcspec("gc", "--objects", url, "--keep", name, "--format", "json").data["pieces"] == []
    assert "earlier plans" in lmcspec("gc", "--objects", url, "--study", name).out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--older", "3d"), 2, "neither age nor size is known"),
        (("--to", "1GB"), 2, "neither age nor size is known"),
        (("--study", "nope"), 2, "no study of this store"),
    ],
)
def test_what_can_not_be_asked_of_a_url(study, lmcspec, url, words, code, says):
    said = lmcspec("gc", "--objects", url, *words)
    assert said.code == code and says in said.err


def test_status_says_how_much_of_a_study_is_at_a_url(study, lmcspec, url):
    count = len(manifest(Store.open(".lmcspec")))
    said = lmcspec("status", "study.toml", "--objects", url)
    assert said.code == 0 and f"at {url}: {count} of {count} tasks, none of them missing here" in said.out
    shutil.rmtree(".lmcspec")
    data = lmcspec("status", "study.toml", "--objects", url, "--format", "json").data
    assert data["objects"] == {"url": url, "tasks": count, "there": count, "only_there": count}
    other = lmcspec("status", "study.toml", "--objects", f"{url}/elsewhere")
    assert "0 of" in other.out
    assert lmcspec("status", "--objects", url).code == 2


def test_a_store_is_made_again_from_what_is_left_there(study, lmcspec, url):
    before = manifest(Store.open(".lmcspec"))
    lmcspec("forget", name_of(lmcspec))
    lmcspec("gc", "--yes")
    assert lmcspec("run", "study.toml", "--runner", "inline", "--objects", url).code == 0
    assert not compare(manifest(Store.open(".lmcspec")), before)
    assert lmcspec("gc", "--objects", url, "--format", "json").data["pieces"] == [], "it is kept again"

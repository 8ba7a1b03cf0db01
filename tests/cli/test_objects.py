"""`lmcspec sync --objects` and `--from`: a study there and back, in one command each."""

import sys
import uuid

import fsspec
import pytest
from manifest_for_tests import compare, manifest

from lmcspec.store import Store


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/study"


def test_a_study_goes_to_a_url_and_comes_back(finished, place, lmcspec, url):
    sent = lmcspec("sync", "--store", str(finished), "--objects", url)
    before = manifest(Store.open(finished))
    assert sent.code == 0 and f"{len(before)} objects sent to {url}, 0 were there" in sent.err
    again = lmcspec("sync", "--store", str(finished), "--objects", url, "--format", "json")
    assert again.data["sent"]["there"] == len(before) and again.data["sent"]["copied"] == 0
    fetched = lmcspec("sync", "--from", url)
    assert fetched.code == 0 and f"{len(before)} objects fetched" in fetched.err
    assert not compare(manifest(Store.open(".lmcspec")), before)
    run = lmcspec("run", "study.toml")
    assert run.code == 0 and "Nothing to do" in run.err
    assert run.out == lmcspec("run", "study.toml", "--store", str(finished)).out


def test_only_what_a_study_needs(finished, place, lmcspec, url):
    lmcspec("sync", "--store", str(finished), "--objects", url)
    fetched = lmcspec("sync", "study.toml", "--from", url, "--format", "json")
    assert fetched.code == 0 and fetched.data["fetched"]["missing"] == 0
    assert lmcspec("plan", "study.toml", "--detailed-exitcode").code == 0


def test_what_is_damaged_there_is_named_and_exit_code_4(finished, place, lmcspec, url):
    lmcspec("sync", "--store", str(finished), "--objects", url)
    filesystem, root = fsspec.core.url_to_fs(url)
    identifier = next(Store.open(finished).ids())
    path = f"{root}/objects/{identifier[:2]}/{identifier}/COMMIT"
    text = filesystem.cat_file(path)
    filesystem.pipe_file(path, text[:-40])
    fetched = lmcspec("sync", "--from", url)
    assert fetched.code == 4 and identifier[:10] in fetched.err and "--anew" in fetched.err
    assert lmcspec("sync", "--store", str(finished), "--objects", url, "--anew").code == 0
    assert lmcspec("sync", "--from", url).code == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--objects", "nope://x/y"), 2, "no URL"),
        (("study.toml",), 2, "about objects"),
        (("--anew",), 2, "about objects"),
        (("--objects", "memory://x/y"), 4, "there is no store"),
    ],
)
def test_what_makes_no_sense(place, lmcspec, words, code, says):
    said = lmcspec("sync", *words)
    assert said.code == code and says in said.err


def test_a_run_leaves_its_results_at_a_url_and_another_machine_has_nothing_left_to_do(finished, place, lmcspec, url):
    run = lmcspec("run", "study.toml", "--runner", "inline", "--objects", url)
    assert run.code == 0
    assert not compare(manifest(Store.open(".lmcspec")), manifest(Store.open(finished)))
    other = lmcspec("run", "study.toml", "--runner", "inline", "--objects", url, "--store", "elsewhere")
    assert other.code == 0 and f"objects fetched from {url}" in other.err and "Nothing to do" in other.err
    assert other.out == run.out


def test_a_forced_task_is_made_again_at_the_url_too(finished, place, lmcspec, url):
    lmcspec("sync", "--store", str(finished), "--objects", url)
    lmcspec("sync", "--from", url)
    store = Store.open(".lmcspec")
    label = "dense/s0/l0/train"
    before = {name: store.find(name).record["attempt"] for name in store.ids()}
    assert lmcspec("run", "study.toml", "--runner", "inline", "--objects", url, "--force", label).code == 0
    after = {name: store.find(name).record["attempt"] for name in store.ids()}
    anew = {name for name in before if before[name] != after[name]}
    assert anew and after.keys() == before.keys()
    assert lmcspec("sync", "--from", url, "--store", "third").code == 0
    assert {name: Store.open("third").find(name).record["attempt"] for name in anew} == {
        name: after[name] for name in anew
    }


def test_the_runner_ray_without_its_extra_says_what_to_type(place, lmcspec, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    said = lmcspec("run", "study.toml", "--runner", "ray")
    assert said.code == 5 and "uv run --extra ray lmcspec run SPEC --runner ray" in said.err


def test_options_of_another_runner_are_mistakes(place, lmcspec):
    said = lmcspec("run", "study.toml", "--runner", "inline", "--address", "auto")
    assert said.code == 2 and "the runner inline takes no --address" in said.err and "--runner ray" in said.err

"""`lmcspec sync --objects` and `--from`: a study there and back, in one command each."""

import uuid
from pathlib import Path

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
    text = Path("study.toml").read_text()
    Path("other.toml").write_text(text.replace('study = "', 'study = "other-').replace("[measures", "[measures"))
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

import dataclasses
import time

import pytest

from lmcspec.catalog.datasets.digits import CARD
from lmcspec.science.data.arrays import DataError, digest, facts
from lmcspec.science.data.sets import stamps
from lmcspec.science.data.sets.stamps import look
from lmcspec.science.data.sets.verify import matches, verified


def test_a_wrong_digest_names_both_and_says_what_to_do(some):
    arrays = some()
    with pytest.raises(DataError) as caught:
        matches(digest(arrays), CARD)
    assert digest(arrays) in str(caught.value)
    assert CARD.facts.digest in str(caught.value)
    assert caught.value.help


def test_a_check_that_passed_is_remembered_until_a_file_changes(some, tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "now", lambda: time.time_ns() + 10**10)
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    arrays, other = some(0), some(1)
    card = dataclasses.replace(CARD, facts=facts(arrays))
    file = tmp_path / "file"
    file.write_text("pixels")
    assert verified(arrays, card, look([file])) is arrays
    assert verified(other, card, look([file])) is other  # not looked at: the file is as it was
    file.write_text("other pixels")
    with pytest.raises(DataError):
        verified(other, card, look([file]))
    (record,) = (tmp_path / "cache" / "verified").iterdir()
    record.write_text("{")  # a damaged note counts as none
    assert verified(arrays, card, look([file])) is arrays


def test_a_check_of_files_just_written_is_not_remembered(some, tmp_path, monkeypatch):
    """They could be written again within the same tick of the clock."""
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    arrays = some(0)
    card = dataclasses.replace(CARD, facts=facts(arrays))
    file = tmp_path / "file"
    file.write_text("pixels")
    assert verified(arrays, card, look([file])) is arrays
    with pytest.raises(DataError):
        verified(some(1), card, look([file]))


def test_a_check_of_no_files_is_refused(some, tmp_path, monkeypatch):
    """Nothing would show that it is of other data: it once let them pass for good."""
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    arrays = some(0)
    with pytest.raises(ValueError, match="of no files"):
        verified(arrays, dataclasses.replace(CARD, facts=facts(arrays)), look([]))

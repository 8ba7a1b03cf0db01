import re
from pathlib import Path

import profiles
import pytest
from profiles import examples

OVERRULED = re.compile(r"max_examples\s*=\s*\d|derandomize\s*=|hypothesis import.*\bseed\b")


def test_no_test_overrules_the_profile():
    here = Path(__file__).parent
    overrule = [path.name for path in here.rglob("*.py") if OVERRULED.search(path.read_text(encoding="utf-8"))]
    assert overrule == ["profiles.py"]


@pytest.mark.parametrize(
    ("profile", "share", "count"),
    [("ci", 1, 50), ("ci", 2.4, 120), ("ci", 0.5, 25), ("ci", 0.01, 5), ("full", 0.5, 500), ("full", 0.001, 5)],
)
def test_a_share_is_of_the_examples_of_the_profile(monkeypatch, profile, share, count):
    monkeypatch.setattr(profiles, "PROFILE", profile)
    assert examples(share) == count

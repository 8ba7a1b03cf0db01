"""What a permutation of a spec can move, in words: of any that the study asks for, by whatever name."""

import pytest
from specs_for_tests import SEVEN_UPDATES

from lmcspec.plan.unit_groups import groups_in_words

TEXT = f"""
replicates = 2
partners = 2
{SEVEN_UPDATES}
[networks]
dense = []
[permutations]
wm = {{ method = "weights", network = "dense" }}
same = {{ method = "weights", network = "dense" }}
wt = {{ method = "weights", network = "dense", step = {{ each = ["1it", "end"] }} }}
idle = {{ method = "weights", network = "dense", step = "2it" }}
[measures]
conn = {{ kind = "connectivity", levels = ["dense"], under = ["wm", "same", "wt"] }}
"""


@pytest.mark.parametrize("name", ["wm", "same", "wt", "wt[step=1it]", "wt[step=end]"])
def test_groups_of_every_permutation_that_is_asked_for(name, tmp_path):
    spec = tmp_path / "partners.toml"
    spec.write_text(TEXT)
    lines = groups_in_words(spec, f"permutations.{name}", [])
    assert lines[:2] == ["1 group, 16 units", "  layers.0: 16 units in 3 places"], "work of two names is one task"


@pytest.mark.parametrize("path", ["permutations.idle", "permutations.w", "networks.dense", "permutations.wm.step"])
def test_nothing_of_anything_else(path, tmp_path):
    spec = tmp_path / "partners.toml"
    spec.write_text(TEXT)
    assert groups_in_words(spec, path, []) == []

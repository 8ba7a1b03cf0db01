"""What a file that holds no distilled set is called, whatever stands in it."""

import pytest
import torch

from lmcspec.science.data.distilled.published import NoSet, read_published


@pytest.mark.parametrize(
    ("key", "told"),
    [(10**5000, "a long number"), (-(10**5000), "a long number"), (True, "True"), ("x" * 100, "'xxx"), (7, "7")],
    ids=["long", "negative", "truth", "word", "short"],
)
@pytest.mark.parametrize("new", [True, False])
def test_a_table_that_is_no_set_is_called_by_keys_that_can_be_spelled(tmp_path, key, told, new):
    torch.save({key: 1}, tmp_path / "x.pt", _use_new_zipfile_serialization=new)
    with pytest.raises(NoSet, match=rf"holds a table of 1 \({told}") as caught:
        read_published(tmp_path / "x.pt")
    assert len(str(caught.value)) < 400

"""A COMMIT whose files are said to be larger together than a database can hold."""

import json

import pytest
from stores_for_tests import name_of, put

from lmcspec.base import ids
from lmcspec.store import Index, layout
from lmcspec.store.checked import signed
from lmcspec.store.room import room


@pytest.mark.parametrize("part", ["result", "record"])
@pytest.mark.parametrize("fresh", [True, False], ids=["as it is filled", "as it is brought up to date"])
def test_it_is_left_out_of_the_index(store, caplog, part, fresh):
    sound, huge = name_of(0), name_of(1)
    put(store, sound)
    if not fresh:
        Index(store).close()
    path = put(store, huge) / "COMMIT"
    document = json.loads(path.read_text())
    del document["digest"]
    document[part]["files"] |= {f"out/{number}": {"sha256": "0" * 64, "bytes": 2**53 - 1} for number in range(1025)}
    result = {key: value for key, value in document["result"].items() if key != "digest"}
    document["result"]["digest"] = ids.digest(result)
    path.write_bytes(layout.text(signed(document)))
    assert store.find(huge) is not None, "its digest holds"
    with Index(store) as index:
        index.bring_up_to_date({sound, huge})
        assert index.ids() == {sound}
    assert set(room(store).results) == {sound}
    assert f"object {huge} is left out of the index" in caplog.text

"""Results that are remembered: equal to those in the store, read anew where they are made anew, and small."""

import json
import sys

from tracked_for_tests import plan_of

from lmcspec.track.memory import SAME, Memory


def parts(document):
    """The objects of which a document consists, at all depths, by what tells them apart."""
    yield document
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from parts(value)


def size(results):
    """Bytes of all that some results hold, each object once."""
    held = {id(part): part for stored in results for part in (*parts(stored.record), *parts(stored.result))}
    return sum(map(sys.getsizeof, held.values()))


def test_they_are_equal_to_those_in_the_store_and_share_what_is_the_same(store, spec):
    memory = Memory(store)
    read = [stored for stored in map(store.find, plan_of(spec, store).tasks) if stored]
    remembered = [stored for stored in (memory.find(stored.id) for stored in read) if stored]
    assert remembered == read and memory.find("f" * 64) is None
    for key in SAME:
        values = [stored.record[key] for stored in remembered if key in stored.record]
        assert len({id(value) for value in values}) == len({json.dumps(value) for value in values})
    assert size(remembered) < 0.65 * size(read)


def test_what_is_forgotten_is_read_anew(store, spec):
    memory = Memory(store)
    task, other = [task for task in plan_of(spec, store).tasks if store.find(task)][:2]
    before = memory.find(task), memory.find(other)
    store.discard(task)
    assert memory.find(task) is before[0]
    memory.forget([task, "f" * 64])
    assert memory.find(task) is None and memory.find(other) is before[1]

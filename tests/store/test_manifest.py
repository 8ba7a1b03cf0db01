from manifest_for_tests import Difference, compare, manifest

from lmcspec.store import Store


def test_two_stores_are_compared(tmp_path, put, name):
    first, second = Store.open(tmp_path / "first"), Store.open(tmp_path / "second")
    for number in range(3):
        put(first, name(number))
    put(second, name(0))
    put(second, name(1), scalars={"error": 0.26})
    put(second, name(3))
    assert manifest(first) == {one: first.find(one).digest for one in sorted(map(name, range(3)))}
    assert manifest(first, [name(1), name(9)]).keys() == {name(1)}
    assert compare(manifest(first), manifest(second)) == Difference((name(3),), (name(2),), (name(1),))
    assert not compare(manifest(first), manifest(first))


def test_dropped_outputs_leave_the_manifest_as_it_is(store, put, name):
    put(store, name(1))
    before = manifest(store)
    store.drop_outputs(name(1))
    assert manifest(store) == before

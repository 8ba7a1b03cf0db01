"""Of an archive that is not as it was packed nothing is taken: no object, no store, no file of its spec."""

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from specs_for_tests import STABILITY

from lmcspec.base.errors import LmcspecError
from lmcspec.cli import main
from lmcspec.report.crate.unpack import unpack
from lmcspec.store import Store
from lmcspec.store.packing import Packing


@pytest.fixture(scope="session")
def packed(finished, tmp_path_factory):
    """The bytes of an archive with all objects."""
    place = tmp_path_factory.mktemp("packed")
    (place / "study.toml").write_text(STABILITY)
    line = ["pack", str(place / "study.toml"), "--store", str(finished), "--objects", "all", "-o", str(place / "x.zip")]
    with pytest.raises(SystemExit) as stopped:
        main(line)
    assert not stopped.value.code
    return (place / "x.zip").read_bytes()


def parts_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(parts, *, honest=True):
    """An archive of these parts; where `honest`, its list has the digests that they have now."""
    parts = dict(parts)
    if honest:
        document = json.loads(parts["ro-crate-metadata.json"])
        described = [entity for entity in document["@graph"] if entity["@type"] != "File"]
        document["@graph"] = described + [
            {"@id": name, "@type": "File", "contentSize": str(len(part)), "sha256": hashlib.sha256(part).hexdigest()}
            for name, part in parts.items()
            if name != "ro-crate-metadata.json"
        ]
        parts["ro-crate-metadata.json"] = json.dumps(document).encode()
    buffer = io.BytesIO()
    packing = Packing(buffer)
    for name, part in parts.items():
        packing.write(name, part)
    packing.close()
    return buffer.getvalue()


def taken(folder, content):
    """Whether an archive is taken. Where it is not, nothing of it may be left."""
    path = folder / "x.zip"
    path.write_bytes(content)
    try:
        unpack(path, folder / "store", folder / "spec")
    except LmcspecError as refused:
        error = refused
    else:
        return True
    assert str(error) and error.help
    assert sorted(child.name for child in folder.iterdir()) == ["x.zip"], "something was taken of it"
    return False


def digests(store: Store) -> dict[str, str]:
    """Those of all results."""
    return {task: result.digest for task in store.ids() if (result := store.find(task)) is not None}


def of(parts, wish):
    """The name of the first part that a wish is about."""
    return next(name for name in parts if wish(name))


def is_commit(name):
    return name.endswith("/COMMIT")


def is_object(name):
    return name.startswith("objects/") and not is_commit(name)


def changed(name, edit):
    return lambda parts: parts | {name: edit(parts[name])}


def in_json(edit):
    def edited(content):
        document = json.loads(content)
        edit(document)
        return json.dumps(document).encode()

    return edited


def another_number(parts):
    """A COMMIT with another number in it, whose own digest does not hold any more."""
    name = of(parts, is_commit)
    return parts | {name: parts[name].replace(b'"scalars": {', b'"scalars": {"x": 1, ', 1)}


def swapped(parts):
    first, second, *_ = (name for name in parts if is_commit(name))
    return parts | {first: parts[second], second: parts[first]}


def elsewhere(name):
    return lambda parts: parts | {name: b"x"}


EDITS = {
    "a number of a result": another_number,
    "two results swapped": swapped,
    "a file of a result": lambda parts: parts | {of(parts, is_object): b"x"},
    "a file of a result is missing": lambda parts: {
        name: part for name, part in parts.items() if name != of(parts, is_object)
    },
    "a result without COMMIT": lambda parts: {
        name: part for name, part in parts.items() if name != of(parts, is_commit)
    },
    "a file that no result needs": elsewhere(f"objects/ab/ab{'0' * 62}/{'1' * 64}"),
    "a folder of no object": elsewhere("objects/ab/x/COMMIT"),
    "an object on another shelf": elsewhere(f"objects/cd/ab{'0' * 62}/COMMIT"),
    "no spec": lambda parts: {name: part for name, part in parts.items() if not name.startswith("spec/")},
    "no plan": lambda parts: {name: part for name, part in parts.items() if name != "plan.json"},
    "no provenance": lambda parts: {name: part for name, part in parts.items() if name != "provenance.json"},
    "a spec called plan": elsewhere("spec/plan.json"),
    "a spec below itself": elsewhere("spec/study.toml/x.toml"),
    "a large spec": changed("spec/study.toml", lambda content: content + b"#" * 2**20),
    "many specs": lambda parts: parts | {f"spec/{number}.toml": b"" for number in range(200)},
    "a spec elsewhere": changed("provenance.json", in_json(lambda said: said.update(spec="../x.toml"))),
    "another form": changed("provenance.json", in_json(lambda said: said.update(schema="lmcspec/pack/9"))),
    "no form": changed("provenance.json", in_json(lambda said: said.pop("schema"))),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_under_honest_digests_of_all_parts(packed, tmp_path, edit):
    assert not taken(tmp_path, repacked(edit(parts_of(packed))))


def test_such_an_archive_is_taken_where_nothing_was_changed(packed, tmp_path):
    assert taken(tmp_path, repacked(parts_of(packed)))


@pytest.mark.parametrize("name", ["spec/study.toml", "plan.json", "results.csv", "README.md", "provenance.json"])
def test_a_part_that_is_not_as_it_is_listed(packed, tmp_path, name):
    parts = parts_of(packed)
    assert not taken(tmp_path, repacked(parts | {name: parts[name] + b" "}, honest=False))


def test_parts_that_are_not_listed_and_lists_of_what_is_not_there(packed, tmp_path):
    parts = parts_of(packed)
    assert not taken(tmp_path, repacked(parts | {"more.txt": b"x"}, honest=False))
    assert not taken(tmp_path, repacked({name: parts[name] for name in parts if name != "README.md"}, honest=False))


@settings(max_examples=examples(0.6))
@given(data=st.data())
def test_flipped_cut_and_swapped_bytes(packed, finished, tmp_path_factory, data):
    content = bytearray(packed)
    # Most of an archive is its report: half of all places are in its last parts, and in its list.
    place = data.draw(st.one_of(st.integers(0, len(content) - 1), st.integers(len(content) - 20_000, len(content) - 1)))
    match data.draw(st.sampled_from(["flip", "cut", "swap"])):
        case "flip":
            content[place] ^= data.draw(st.integers(1, 255))
        case "cut":
            del content[place:]
        case _:
            other = data.draw(st.integers(0, len(content) - 1))
            first, second = content[place : place + 64], content[other : other + 64]
            content[place : place + len(first)], content[other : other + len(second)] = second, first
    folder = tmp_path_factory.mktemp("fuzz")
    if taken(folder, bytes(content)):
        # A byte that says nothing, such as a part's time: then all is as it was packed.
        assert (folder / "spec" / "study.toml").read_text() == STABILITY
        store, first = Store.open(folder / "store"), Store.open(finished)
        assert digests(store) == digests(first)
    shutil.rmtree(folder)


def test_what_a_stranger_calls_things_is_not_obeyed(packed, tmp_path, monkeypatch, lmcspec):
    monkeypatch.chdir(tmp_path)
    parts = parts_of(packed)
    edit = in_json(lambda said: said.update(study="\x1b[31mred"))
    Path("x.zip").write_bytes(repacked(parts | {"provenance.json": edit(parts["provenance.json"])}))
    said = lmcspec("unpack", "x.zip")
    assert said.code == 0 and "\x1b" not in said.out + said.err


def test_links_on_the_way_are_not_followed(packed, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spec").mkdir()
    path = tmp_path / "x.zip"
    parts = parts_of(packed)
    moved = {name.replace("spec/", "spec/deep/"): part for name, part in parts.items()}
    edit = in_json(lambda said: said.update(spec="deep/study.toml"))
    path.write_bytes(repacked(moved | {"provenance.json": edit(parts["provenance.json"])}))
    (tmp_path / "spec" / "deep").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LmcspecError):
        unpack(path, tmp_path / "store", tmp_path / "spec")
    assert not list((tmp_path / "elsewhere").iterdir())

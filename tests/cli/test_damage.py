# pyright: reportOptionalMemberAccess=false
"""A store that was damaged: nothing wrong is printed or built upon, and the same command makes what is needed again."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from manifest_for_tests import compare, manifest
from safetensors.torch import load_file, save

from lmcspec.base import ids
from lmcspec.base.documents import parse_document
from lmcspec.cli import main
from lmcspec.store import Store, checked, layout, verify

SPEC = """
study = "damaged"
dataset = "digits"
model = { name = "mlp", widths = [8] }
[recipes.real]
length = "4it"
batch = 64
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = ROUNDS, fraction = 0.5, rewind = "1it" }]
[measures]
accuracy = {}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store in which one round has run, and the store of two rounds as they come out undisturbed."""
    folder = tmp_path_factory.mktemp("made")
    for rounds in (1, 2):
        (folder / f"{rounds}.toml").write_text(SPEC.replace("ROUNDS", str(rounds)))
        with pytest.raises(SystemExit) as ended:
            main(["run", str(folder / f"{rounds}.toml"), "--store", str(folder / f"store{rounds}"), *INLINE])
        assert not ended.value.code
    return folder


INLINE = ("--runner", "inline", "--format", "json")


@pytest.fixture
def study(made, tmp_path, capsys):
    """The store of one round, and commands on it: exit code, what was printed, what was said."""
    shutil.copytree(made / "store1", tmp_path / "store")

    class Study:
        store = Store.open(tmp_path / "store")
        calm = manifest(Store.open(made / "store2"))

        def do(self, command, rounds=1, *more):
            spec = [] if command == "verify" else [str(made / f"{rounds}.toml")]
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main([command, *spec, "--store", str(self.store.root), *more])
            printed = capsys.readouterr()
            return ended.value.code or 0, printed.out, printed.err

        def one(self, kind, index=0):
            """An object of that kind, the first committed first."""
            found = [stored for one in self.store.ids() if (stored := self.store.find(one)).record["kind"] == kind]
            return sorted(found, key=lambda stored: stored.record["committed"])[index]

        def agrees(self):
            mine = manifest(Store.open(self.store.root))
            return not [one for one in mine if mine[one] != self.calm[one]] and verify(self.store) == []

    return Study()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def edit_error(stored) -> None:
    """A number in COMMIT, as with an editor."""
    path = stored.path / "COMMIT"
    old = json.dumps(stored.scalars["test_error"])
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, "0.0123"))


def test_a_flipped_bit_in_an_input_is_mended_in_the_same_run(study):
    stored = study.one("prune")
    flip(stored.path / "out" / "mask.safetensors")
    code, _, said = study.do("run", 2, *INLINE)
    assert code == 0, said
    assert "is damaged: out/mask.safetensors is corrupt" in said
    assert study.agrees()
    assert not compare(manifest(study.store), study.calm)


def test_every_state_swapped_with_another(study):
    first, last = study.one("train", 0), study.one("train", -1)
    one, two = (stored.path / "out" / "state.safetensors" for stored in (first, last))
    one.rename(one.with_suffix(".away"))
    two.rename(one)
    one.with_suffix(".away").rename(two)
    assert study.do("run", 2, *INLINE)[0] == 0
    # What nothing read stays as it is until somebody looks.
    study.do("verify")
    assert study.do("run", 2, *INLINE)[0] == 0
    assert study.agrees() and not compare(manifest(study.store), study.calm)


@pytest.mark.parametrize("command", ["results", "report", "status"])
def test_an_edited_number_is_not_shown(study, command):
    stored = study.one("train", -1)
    edit_error(stored)
    more = ("--format", "csv") if command == "results" else ()
    code, printed, _ = study.do(command, 1, *more)
    assert code == 0
    text = printed
    if command == "report":
        text = Path(printed.strip()).read_text()
    assert "0.9877" not in text and "98.8" not in text and "98.77" not in text


def test_a_run_makes_an_edited_number_again(study):
    before = study.do("results", 1, "--format", "csv")[1]
    edit_error(study.one("train", -1))
    assert study.do("results", 1, "--format", "csv")[1] != before
    code, _, said = study.do("run", 1, *INLINE)
    assert code == 0 and "Nothing to do" not in said
    assert study.do("results", 1, "--format", "csv")[1] == before
    assert study.agrees()


def test_what_verify_finds_is_missing_in_the_next_plan(study):
    stored = study.one("train", -1)
    flip(stored.path / "out" / "state.safetensors")
    assert study.do("plan", 1, "--detailed-exitcode")[0] == 0, "sizes are as they were, and a plan reads nothing"
    code, printed, _ = study.do("verify")
    assert code == 4 and "1 damaged" in printed and "next `lmcspec run`" in printed
    code, printed, _ = study.do("plan", 1, "--format", "json")
    assert "output-corrupt" in printed
    assert study.do("plan", 1, "--detailed-exitcode")[0] == 3
    assert study.do("run", 1, *INLINE)[0] == 0
    assert study.do("verify")[0] == 0
    assert study.agrees()


def test_a_copy_put_back_counts_again(study):
    path = study.one("train", -1).path / "out" / "state.safetensors"
    whole = path.read_bytes()
    flip(path)
    assert study.do("verify")[0] == 4
    path.write_bytes(whole)
    assert study.do("verify")[0] == 0
    assert study.do("plan", 1, "--detailed-exitcode")[0] == 0


@pytest.mark.parametrize(
    "harm",
    {
        "cut": lambda path: (path / "COMMIT").write_bytes((path / "COMMIT").read_bytes()[:100]),
        "empty": lambda path: (path / "COMMIT").write_bytes(b""),
        "folder": lambda path: ((path / "COMMIT").unlink(), (path / "COMMIT").mkdir()),
        "gone": lambda path: (path / "COMMIT").unlink(),
        "all gone": shutil.rmtree,
        "outputs gone": lambda path: shutil.rmtree(path / "out"),
    }.values(),
)
@pytest.mark.parametrize("kind", ["train", "prune"])
def test_the_same_command_mends_any_damage(study, kind, harm):
    harm(study.one(kind).path)
    for rounds in (1, 2):
        code, printed, said = study.do("run", rounds, *INLINE)
        assert code == 0, said
        assert all(row["value"] is not None for row in json.loads(printed)["data"]["results"])
    study.do("verify")
    assert study.do("run", 2, *INLINE)[0] == 0
    assert study.agrees() and not compare(manifest(study.store), study.calm)


def test_a_trusted_store_is_not_read_twice(study):
    edit_error(study.one("train", -1))
    code, printed, _ = study.do("results", 1, "--format", "csv", "--trust-store")
    assert code == 0 and "0.9877" in printed
    code, _, said = study.do("run", 1, *INLINE, "--trust-store")
    assert code == 0 and "Nothing to do" in said


def test_an_input_that_stays_damaged_ends_the_run(study, monkeypatch):
    """A store in which nothing can be taken out: the task fails once, and says what to do."""
    for module in ("store", "stored"):  # as where the store can't be written to
        monkeypatch.setattr(f"lmcspec.store.{module}.take_out", lambda *_: False)
    flip(study.one("prune").path / "out" / "mask.safetensors")
    code, _, said = study.do("run", 2, *INLINE)
    assert code == 1 and "run the same command again" in said
    assert "Traceback" not in said


# Results of strangers, whole by their digests, that hold what no task can start from

EDITS = {
    "one is missing": lambda tensors: save(dict(list(tensors.items())[1:])),
    "one more": lambda tensors: save({**tensors, "\x1b[31mx": torch.zeros(3)}),
    "another shape": lambda tensors: save({name: torch.zeros(3, dtype=t.dtype) for name, t in tensors.items()}),
    "another type": lambda tensors: save({name: t.to(torch.complex64) for name, t in tensors.items()}),
    "none": lambda tensors: save({}),
    "no tensors": lambda tensors: b"x" * 1000,
    "empty": lambda tensors: b"",
    "deep": lambda tensors: (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "a terabyte": lambda tensors: (
        (head := b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (2**40, 2**40))
        and len(head).to_bytes(8, "little") + head
    ),
}


def put(store, identifier, path, content):
    """Change an output, and sign the object anew, as whoever wrote it could."""
    folder = layout.object_folder(store.root, identifier)
    commit = folder / layout.COMMIT
    document = parse_document(commit.read_bytes(), "COMMIT")
    document.pop("digest")
    result = {name: layout.spelled(part) for name, part in document["result"].items() if name != "digest"}
    result["files"][path] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    for place, new in (
        (folder / path, content),
        (commit, layout.text(checked.signed({**document, "result": {**result, "digest": ids.digest(result)}}))),
    ):
        place.unlink()
        place.write_bytes(new)


@pytest.mark.parametrize("edit", EDITS)
def test_what_no_task_can_start_from_is_made_again(study, edit):
    changed = 0
    for identifier in study.store.ids():
        for file in sorted((layout.object_folder(study.store.root, identifier) / "out").glob("*.safetensors")):
            put(study.store, identifier, f"out/{file.name}", EDITS[edit](load_file(file)))
            changed += 1
    assert changed >= 5 and verify(study.store) == [], "nothing is damaged as far as digests go"
    for _ in range(3):  # a run mends what rests on what was mended three times
        code, printed, said = study.do("run", 2, *INLINE)
        assert "Traceback" not in said and "\x1b" not in printed + said
        if code == 0:
            break
        assert "(damaged): the input" in said and "(internal)" not in said
    assert code == 0, said
    assert json.loads(printed)["data"]["results"]
    # What nothing rested on in this run is as it was; what was built is right.
    assert not compare(manifest(study.store, study.calm), study.calm).missing
    new = [identifier for identifier in study.calm if study.store.find(identifier).record["label"].count("/l2")]
    assert new and not compare(manifest(study.store, new), {one: study.calm[one] for one in new})

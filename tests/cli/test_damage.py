# pyright: reportOptionalMemberAccess=false
"""A store that was damaged: nothing wrong is printed or built upon, and the same command makes what is needed again."""

import json
import shutil
from pathlib import Path

import pytest
from manifest_for_tests import compare, manifest

from lmcspec.cli import main
from lmcspec.store import Store, verify

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

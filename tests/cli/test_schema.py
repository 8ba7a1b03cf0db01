"""`schema --write`: an editor's folder knows the schema, and what stood in its files stays."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest
import tomli

from lmcspec.base import jsonc
from lmcspec.spec.json_schema import schema

ROOT = Path(__file__).parents[2]
TAPLO = Path(sysconfig.get_path("scripts")) / "taplo"
NEEDS_TAPLO = pytest.mark.skipif(not TAPLO.exists(), reason="needs taplo")
GOOD = (ROOT / "specs" / "quickstart.toml").read_text(encoding="utf-8")


def taplo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The checker that editors' TOML extensions are made of, in this folder."""
    environment = {**os.environ, "HOME": os.getcwd(), "RUST_LOG": "warn"}
    return subprocess.run([TAPLO, "check", *arguments], capture_output=True, text=True, env=environment, timeout=50)


def everything() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}


@pytest.fixture
def folder(place):
    Path("study.toml").unlink()
    Path("specs/deep").mkdir(parents=True)
    return place


def test_an_empty_folder_is_set_up(folder, lmcspec):
    said = lmcspec("schema", "--write")
    assert said.code == 0 and said.err == ""
    assert json.loads(Path("lmcspec.schema.json").read_text()) == schema()
    assert tomli.loads(Path(".taplo.toml").read_text()) == {
        "rule": [{"include": ["specs/**/*.toml"], "schema": {"path": "lmcspec.schema.json"}}]
    }
    assert json.loads(Path(".vscode/settings.json").read_text()) == {
        "yaml.schemas": {"./lmcspec.schema.json": ["specs/**/*.yaml", "specs/**/*.yml"]}
    }
    for words in (
        "#:schema ./",
        "# yaml-language-server: $schema=./",
        "tamasfe.even-better-toml",
        "redhat.vscode-yaml",
    ):
        assert words in said.out
    assert said.out.count("  written\n") == 3
    assert set(everything()) == {".taplo.toml", ".vscode/settings.json", "lmcspec.schema.json"}, "no draft is left"


def test_a_second_time_nothing_changes(folder, lmcspec):
    lmcspec("schema", "--write", "specs", "studies/*.toml")
    before = everything()
    for arguments in ((), ("specs",), ("studies/*.toml",)):
        said = lmcspec("schema", "--write", *arguments)
        assert said.code == 0 and "written" not in said.out and "changed" not in said.out
        assert everything() == before
    Path("lmcspec.schema.json").write_text("{}")
    files = lmcspec("schema", "--write", "--format", "json").data["files"]
    assert files == [{"file": "lmcspec.schema.json", "state": "changed"}]
    assert everything() == before


def test_what_stands_in_the_files_stays(folder, lmcspec):
    rules = '# mine\n[formatting]\ncolumn_width = 99\n\n[[rule]]\ninclude = ["a/*.toml"]\nschema.path = "other.json"\n'
    settings = '{\n    // mine\n    "a": [1, 2],\n    "yaml.schemas": {"./other.json": "*.yml"}, // theirs\n}\n'
    Path("taplo.toml").write_text(rules)
    Path(".vscode").mkdir()
    Path(".vscode/settings.json").write_text(settings)
    assert lmcspec("schema", "--write", "specs").code == 0
    assert lmcspec("schema", "--write", "more/x.toml", "more/y.yaml").code == 0
    after = Path("taplo.toml").read_text()
    assert after.startswith(rules.rstrip()) and not Path(".taplo.toml").exists()
    assert [rule["include"] for rule in tomli.loads(after)["rule"]] == [
        ["a/*.toml"],
        ["specs/**/*.toml"],
        ["more/x.toml"],
    ]
    text = Path(".vscode/settings.json").read_text()
    assert "// mine" in text and "// theirs" in text and '"a": [1, 2],' in text
    assert jsonc.parse(text, "x")["yaml.schemas"] == {
        "./other.json": "*.yml",
        "./lmcspec.schema.json": ["specs/**/*.yaml", "specs/**/*.yml", "more/y.yaml"],
    }


UNREADABLE = {
    ".taplo.toml": ["[[rule\n", "rule = 3\n", 'rule = [{ include = ["x"] }]\n', "rule = [1]\n"],
    ".vscode/settings.json": ["{", "[]", '{"yaml.schemas": 3}', '{"yaml.schemas": {"./lmcspec.schema.json": 3}}'],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in UNREADABLE.items() for text in texts])
def test_what_cant_be_added_to_is_left_and_said(folder, lmcspec, name, text):
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)
    said = lmcspec("schema", "--write", "specs")
    assert said.code == 2
    assert Path(name).read_text() == text
    assert f"error: {name} " in said.err and "it is left as it is" in said.err
    assert "lmcspec.schema.json" in said.err.partition("help: add to it")[2]
    (other,) = UNREADABLE.keys() - {name}
    assert "lmcspec.schema.json" in Path(other).read_text(), "the other one is written"
    told = lmcspec("schema", "--write", "specs", "--format", "json")
    assert [file["state"] for file in told.data["files"]].count("refused") == 1


@pytest.mark.parametrize("words", [[], ["nowhere"], ["/tmp/*.toml"], ["../*.toml"], ["."], ["specs/*.json"]])
def test_what_no_editor_could_find_is_refused(place, lmcspec, words):
    before = everything()
    said = lmcspec("schema", "--write", *words)
    assert said.code == 2 and "lmcspec schema --write" in said.err
    assert everything() == before
    assert lmcspec("schema", "specs").code == 2


def test_what_is_written_has_the_rights_of_before_and_no_draft_of_another_is_written_to(folder, lmcspec):
    Path(".vscode").mkdir()
    Path(".vscode/settings.json").write_text("{}")
    Path(".vscode/settings.json").chmod(0o600)
    Path("elsewhere").write_text("theirs")
    for draft in (".vscode/.settings.json.draft", ".lmcspec.schema.json.draft"):
        Path(draft).symlink_to(Path("elsewhere").absolute())
    assert lmcspec("schema", "--write").code == 0
    assert Path(".vscode/settings.json").stat().st_mode & 0o777 == 0o600
    assert Path("elsewhere").read_text() == "theirs"


@pytest.mark.parametrize("name", ["specs\U0001f600", "über uns", 'a"b\\c', "a\x7fb", "a\tb\x1bc"])
def test_any_folder_has_its_name_in_both_files(folder, lmcspec, name):
    Path(name).mkdir()
    for _ in range(2):
        said = lmcspec("schema", "--write", name)
        assert (said.code, said.err) == (0, "")
        (rule,) = tomli.loads(Path(".taplo.toml").read_text())["rule"]
        assert rule["include"] == [f"{name}/**/*.toml"]
        settings = json.loads(Path(".vscode/settings.json").read_text())["yaml.schemas"]
        assert settings == {"./lmcspec.schema.json": [f"{name}/**/*.yaml", f"{name}/**/*.yml"]}


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("specs[1]", "'specs?1?/**/*.toml'"), ("{a,b}", "'?a,b?/**/*.toml'"), ("one*.toml", "'one?.toml'")],
)
def test_a_name_that_is_a_pattern_is_refused_with_one_that_fits(folder, lmcspec, name, pattern):
    (Path(name).touch if name.endswith(".toml") else Path(name).mkdir)()
    before = everything()
    said = lmcspec("schema", "--write", name)
    assert said.code == 2 and f"lmcspec schema --write {pattern}" in said.err
    assert everything() == before


def test_a_name_in_no_utf_8_or_too_long_is_refused(folder, lmcspec):
    Path("a\udcff").mkdir()
    for name, told in (("a\udcff", "not UTF-8"), ("x" * 300, "too long for a path"), ("x" * 300 + ".toml", "too long")):
        said = lmcspec("schema", "--write", name)
        assert said.code == 2 and told in said.err and not Path(".taplo.toml").exists()


def test_a_file_that_cant_be_written_is_an_error(folder, lmcspec):
    Path(".vscode").write_text("no folder")
    said = lmcspec("schema", "--write")
    assert said.code == 2 and "can't write .vscode/settings.json" in said.err
    Path("lmcspec.schema.json").unlink()
    Path("lmcspec.schema.json").mkdir()
    assert lmcspec("schema", "--write").code != 0


@NEEDS_TAPLO
def test_taplo_finds_the_schema_and_its_slips(folder, lmcspec):
    """As editors do: by the settings, not by an option."""
    lmcspec("schema", "--write")
    Path("specs/deep/good.toml").write_text(GOOD)
    Path("other.toml").write_text("study = 3\n")
    assert taplo().returncode == 0
    Path("specs/bad.toml").write_text(GOOD.replace("batch = ", "bach = ", 1))
    said = taplo()
    assert said.returncode != 0 and "bad.toml" in said.stderr and "good.toml" not in said.stderr
    Path("specs/bad.toml").unlink()
    Path("other.toml").write_text("#:schema ./lmcspec.schema.json\nstudy = 3\n")
    assert "other.toml" in taplo().stderr


@NEEDS_TAPLO
def test_taplo_takes_every_spec_that_ships(folder, lmcspec):
    lmcspec("schema", "--write")
    specs = sorted(str(path) for path in (ROOT / "specs").rglob("*.toml"))
    said = taplo("--schema", Path("lmcspec.schema.json").absolute().as_uri(), *specs)
    assert (said.returncode, said.stderr) == (0, "")
    assert len(specs) > 90

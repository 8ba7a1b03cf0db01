"""Everything that can be wrong with a spec, through the real command line: code, place, words, exit 2, no file."""

import os
from pathlib import Path

import pytest
from bad import FOLDER, Said, expected, files

from lmcspec.base.codes import CODES
from lmcspec.cli.app import main


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Runs `lmcspec plan` in an empty folder, in which nothing may be written."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("LMCSPEC_STORE", raising=False)

    def run(*arguments: object) -> Said:
        with pytest.raises(SystemExit) as end:
            main(["plan", *map(str, arguments)])
        output = capsys.readouterr()
        assert list(here.iterdir()) == []
        return Said(end.value.code if isinstance(end.value.code, int) else 1, output.out, output.err)

    return run


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_bad_spec(path, said):
    promise = expected(path)
    answer = said(path, *promise.arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.problems == promise.problems
    for words in promise.says:
        assert words in answer.stderr


def write_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 2**20)


def write_circle_of_links(path: Path) -> None:
    path.symlink_to(path.name)


def write_tower(path: Path) -> None:
    for index in range(17):
        path.with_name(f"floor{index}.toml").write_text(f'extends = "floor{index + 1}.toml"\n')
    path.with_name("floor17.toml").write_text("")
    path.write_text('\nextends = "floor0.toml"\n')


def write_many(path: Path) -> None:
    """Twenty thousand networks."""
    if path.suffix == ".toml":
        path.write_text("[networks]\n" + "".join(f"n{number} = [{{}}]\n" for number in range(20_000)))
    else:
        path.write_text("networks:\n" + "".join(f"  n{number}: [{{}}]\n" for number in range(20_000)))


GENERATED = {
    "missing": ("E001", 1, 1, lambda path: None),
    "folder": ("E002", 1, 1, lambda path: path.mkdir()),
    "pipe": ("E002", 1, 1, lambda path: os.mkfifo(path)),
    "links": ("E003", 1, 1, write_circle_of_links),
    "large": ("E004", 1, 1, write_large),
    "latin": ("E005", 2, 10, lambda path: path.write_bytes(b'\ntitle = "\xe9"\n')),
    "utf16": ("E005", 1, 1, lambda path: path.write_bytes("study = 1".encode("utf-16"))),
    "mark": ("E006", 1, 1, lambda path: path.write_bytes(b"\xef\xbb\xbfstudy = 1\n")),
    "nul": ("E007", 2, 3, lambda path: path.write_bytes(b"\n# \0\n")),
    "many": ("E010", 1, 1, write_many),
    "deep": ("E009", 1, 44, lambda path: path.write_text("a: " + "[" * 100_000)),
}
HELP = {"latin": "save it as UTF-8", "utf16": "UTF-16", "large": "1,048,576", "mark": "without one"}


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
@pytest.mark.parametrize("name", GENERATED)
def test_generated_bad_spec(name, suffix, said, tmp_path):
    code, line, column, write = GENERATED[name]
    if name == "deep" and suffix == "toml":
        column, write = 45, lambda path: path.write_text("a = " + "[" * 100_000)
    path = tmp_path / f"{name}.{suffix}"
    write(path)
    answer = said(path)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.problems == ((code, str(path), line, column),)
    assert HELP.get(name, "") in answer.stderr


def test_too_many_files_on_top_of_each_other(said, tmp_path):
    path = tmp_path / "spec.toml"
    write_tower(path)
    answer = said(path)
    assert answer.exit_code == 2
    assert answer.problems == (("E302", str(tmp_path / "floor15.toml"), 1, 11),)


ELSEWHERE = {
    "E428": "plan/test_plugin_code.py",
    "E429": "plan/test_plugin_optimiser.py",
    "E436": "plan/test_class_names.py",
}
"""Codes that take more than a spec: a plug-in, or folders of images."""


def test_every_code_is_triggered():
    """A code that nothing triggers has no place in the table."""
    written = {code for path in files() for code, *_ in expected(path).problems}
    generated = {code for code, *_ in GENERATED.values()} | {"E302"}
    assert written | generated | ELSEWHERE.keys() == set(CODES)
    for code, where in ELSEWHERE.items():
        assert code in (FOLDER.parent / where).read_text(encoding="utf-8")
    assert len(written) >= 25
    assert len(files()) >= 80


def test_what_can_be_is_written_in_both_spellings():
    stems = {suffix: {path.stem for path in files() if path.suffix == suffix} for suffix in (".toml", ".yaml")}
    only_yaml = {stem for stem in stems[".yaml"] - stems[".toml"] if not stem.startswith("yaml_")}
    assert only_yaml == {"syntax_indent", "syntax_tab", "wrong_type_null", "wrong_type_root"}
    assert stems[".toml"] - stems[".yaml"] == {"deep_keys", "syntax_bare_word", "wrong_type_date"}


def test_parts_are_no_specs_of_their_own():
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {"parts"}

"""Every block of code in the documents is of a kind that is checked: specs hold, Python compiles, commands can be typed.

Blocks that are more than that are carried out by the tests of their pages: those in `CARRIED_OUT`, and blocks beneath the
comment `<!-- run -->` here. `<!-- parse: WHY -->` above a block says why it is no spec and no command of ours.
"""

import re
import shlex
import subprocess
import textwrap
from collections import Counter
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import tomli
from blocks_for_tests import PAGES, ROOT, Block, blocks, check, commands
from ruamel.yaml import YAML

from lmcspec.cli.app import main
from lmcspec.spec.json_schema import schema

KINDS = {"toml", "yaml", "python", "sh", "console", "bash", "text", "diff", "math", "lua"}
CARRIED_OUT = {
    "CONTRIBUTING.md": "tests/test_extending.py",
    "docs/extending.md": "tests/test_extending.py",
    "docs/measures.md": "tests/test_measures_page.py",
    "docs/openlth.md": "tests/test_openlth_page.py",
    "docs/permutations.md": "tests/test_permutations_page.py",
    "docs/pruning.md": "tests/plan/test_pruning_page.py",
    "docs/figures.md": "tests/report/test_figures_page.py",
    "docs/troubleshooting.md": "tests/test_troubleshooting_page.py",
    "docs/tour.md": "tests/test_tour.py",
    "docs/how-to.md": "tests/test_tutorial.py",
    "docs/tutorial/first-study.md": "tests/test_tutorial.py",
    "docs/tutorial/from-a-sentence.md": "tests/test_tutorial.py",
    "docs/tutorial/from-openlth.md": "tests/test_tutorial.py",
    "docs/tutorial/reading-results.md": "tests/test_tutorial.py",
    "docs/tutorial/own-model.md": "tests/test_tutorial.py",
    "docs/tutorial/own-data.md": "tests/test_tutorial.py",
    "docs/tutorial/own-measure.md": "tests/test_tutorial.py",
    "docs/tutorial/cluster.md": "tests/test_tutorial.py",
}
"""Pages whose blocks a test of their own carries out, compiles or holds against the code."""
PROGRAMS = {
    *("uv", "uvx", "lmcspec", "python3", "cd", "mv", "export", "source", "ulimit", "git", "pip", ".ci/run"),
    *("environment/bin/pip", "environment/bin/lmcspec"),
}
"""What commands begin with; another is a slip, or has to be looked at."""
EVERY = [block for page in PAGES for block in blocks(page)]


def of(*languages: str, mark: str = "") -> list:
    """Blocks in these languages, with this mark."""
    chosen = [block for block in EVERY if block.language in languages and block.mark.startswith(mark)]
    return [pytest.param(block, id=block.where) for block in chosen]


def test_every_block_says_what_it_is():
    assert [block.where for block in EVERY if block.language not in KINDS] == []
    marks = {block.where: block.mark for block in EVERY if block.mark}
    assert [where for where, mark in marks.items() if not re.fullmatch(r"run|parse: \w.+", mark)] == []
    assert [block.where for block in EVERY if block.language == "lua" and not block.mark] == []
    fences = {
        page: len(re.findall(r"^ *```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)) for page in PAGES
    }
    found = Counter(block.page for block in EVERY)
    assert {page: count for page, count in fences.items() if count != 2 * found[page]} == {}, "blocks begin in column 1"


def test_pages_that_are_carried_out_have_their_tests():
    for page, test in CARRIED_OUT.items():
        assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


TABLES = ("", "networks", "measures", "figures", "distilled", "permutations", "recipes")


def fits(data: dict, table: str) -> str:
    """Why data can't stand in a file that extends another, at its top or in one of its tables; "" if they can."""
    spec = {"extends": "base.toml", **(data if not table else {table: data})}
    error = jsonschema.exceptions.best_match(validator().iter_errors(spec))
    return error.message if error else ""


@pytest.mark.parametrize("block", of("toml", "yaml"))
def test_a_spec_holds(block: Block):
    text = textwrap.dedent(block.text)
    if block.language == "toml":
        documents = [tomli.loads(text)]
    else:
        documents = list(YAML(typ="safe").load_all(text))
    if block.mark.startswith("parse"):
        return
    (data,) = documents
    assert any(not fits(data, table) for table in TABLES), {table: fits(data, table) for table in TABLES}


@pytest.mark.parametrize("block", of("python"))
def test_python_compiles(block: Block):
    compile(textwrap.dedent(block.text), block.where, "exec")


@pytest.mark.parametrize("block", of("sh", "console"))
def test_a_command_can_be_typed(block: Block):
    typed = list(commands(block))
    assert typed, block.where
    for line in typed:
        if not check(line, block.where) and not block.mark.startswith("parse"):
            first = next(word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=.*", word))
            assert first in PROGRAMS, f"{block.where}: `{line}`"
        for path in re.findall(r"(?<![\w./-])(?:tests|specs|benchmarks|examples|docs)/[\w./-]+", line):
            assert (ROOT / path).exists(), f"{block.where}: {path}"


@pytest.mark.parametrize("block", of("bash"))
def test_a_script_is_one(block: Block, tmp_path):
    script = tmp_path / "script.sh"
    script.write_text(block.text)
    assert subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False).stderr == ""
    typed = re.findall(r"(?:uv run [^|&\n]*?)?\blmcspec (?!\[)[a-z]+ [^|&\n\\]+", block.text)
    assert typed or block.mark.startswith("parse")
    assert all(check(re.sub(r'"\$\w+"|\$\w+', "X", line), block.where) for line in typed)


@pytest.mark.parametrize("block", of("sh", "console", mark="run"))
def test_a_command_does_what_its_page_shows(block: Block, tmp_path, monkeypatch, capsys):
    """In a folder with the specs that ship; of what is printed the last line shown is there."""
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LMCSPEC_STORE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    for line in commands(block):
        words = shlex.split(line)
        with pytest.raises(SystemExit) as end:
            main(words[words.index("lmcspec") + 1 :])
        assert end.value.code == 0, line
    if block.language == "console":
        assert block.text.splitlines()[-1] in capsys.readouterr().out.splitlines()


def test_what_is_wrong_is_noticed():
    wrong = Block("page.md", 1, "sh", "", "")
    with pytest.raises(AssertionError, match="no command"):
        check("lmcspec plann SPEC", wrong.where)
    with pytest.raises(AssertionError, match="--wrkers"):
        check("uv run lmcspec run SPEC --wrkers 2", wrong.where)
    assert not check("ulimit -n 4096", wrong.where)
    assert fits({"imp": [{"rounds": 3}]}, "networks") == ""
    assert fits({"imp": [{"rouns": 3}]}, "networks")

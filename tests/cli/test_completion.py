"""What shells are told may be typed next, asked as bash, zsh and fish do: by variables of the environment."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from specs_for_tests import SEVEN_UPDATES, STABILITY, plan_of

from lmcspec.cli import main, shells
from lmcspec.cli.app import COMMANDS
from lmcspec.cli.completion import folded
from lmcspec.plan.document import to_document
from lmcspec.store import Store, record_plan

FAMILY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ rounds = 1, rewind = { each = [0, "2it"] } }]
[measures]
accuracy = {}
[figures]
fig7 = { plot = "accuracy-vs-sparsity" }
"""
)
VARIABLES = (
    shells.ASKED,
    "COMP_WORDS",
    "COMP_CWORD",
    "_TYPER_COMPLETE_ARGS",
    "_TYPER_COMPLETE_FISH_ACTION",
    "_TYPER_COMPLETE_WORD_TO_COMPLETE",
)


@pytest.fixture
def ask(place, monkeypatch, capsys):
    """A function that asks as a shell does: (what is said on stdout, the exit code); nothing may come on stderr."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(shells, "SECONDS", time.process_time() + 60)

    def call(**variables: str) -> tuple[str, int]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([])
        said = capsys.readouterr()
        assert said.err == ""
        return said.out, int(stopped.value.code or 0)

    return call


@pytest.fixture
def bash(ask):
    """Candidates for the last of these words, which bash has taken apart."""

    def call(*words: str) -> list[str]:
        line = "\n".join(("lmcspec", *words))
        said, code = ask(**{shells.ASKED: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))})
        assert code == 0
        return said.splitlines()

    return call


def test_commands_options_and_choices(bash):
    assert bash("pl") == ["plan"]
    assert set(COMMANDS) <= set(bash(""))
    assert {"--force", "--format"} <= set(bash("plan", "study.toml", "--fo"))
    assert bash("plan", "study.toml", "--format", "j") == ["json"]


def test_specs_here_and_specs_that_ship(bash):
    Path("other.yaml").write_text("study: other\n")
    Path("pyproject.toml").write_text("")
    Path("notes.txt").write_text("")
    Path("studies").mkdir()
    Path("studies/one.toml").write_text(STABILITY)
    offered = bash("run", "")
    assert {"study.toml", "other.yaml", "studies/", "quickstart", "instability/figure3"} <= set(offered)
    assert not {"pyproject.toml", "notes.txt"} & set(offered)
    assert bash("run", "studies/") == ["studies/one.toml"]
    assert bash("status", "quick") == ["quickstart"]
    assert bash("diff", "study.toml", "st") == ["studies/", "study.toml"]


def test_networks_measures_figures_and_kinds_of_the_spec_that_was_typed(bash):
    Path("study.toml").write_text(FAMILY)
    assert bash("compare", "study.toml", "i") == ["imp", r"imp\[rewind=0\]", r"imp\[rewind=2it\]"]
    assert bash("compare", "study.toml", "dense", "d") == ["dense"]
    assert bash("results", "study.toml", "--measure", "") == ["accuracy"]
    assert bash("results", "study.toml", "--network", "de") == ["dense"]
    assert bash("run", "study.toml", "--target", "f") == ["fig7"]
    assert bash("report", "study.toml", "--figure", "") == ["fig7"]
    assert bash("report", "study.toml", "--compare", "dense", "de") == ["dense"]
    assert "lottery" in bash("init", "")
    assert bash("run", "study.toml", "--until", "pr") == ["prune"]
    assert bash("run", "study.toml", "--only", "tr") == ["train", "transitivity", "transport"]


def test_tasks_by_label_and_by_the_first_digits_of_an_id(bash):
    plan = plan_of(STABILITY)
    labels = [label for label in plan.roles if label.startswith("imp/s0/l1/")]
    plain = [label.replace(" ", "\\ ").partition("=") for label in labels]
    assert bash("run", "study.toml", "--force", "imp/s0/l1/") == ["".join(parts) for parts in plain]
    task = plan.roles["imp/s0/l1/mask"]
    assert bash("explain", "study.toml", task[:6]) == [task]
    assert bash("export", "study.toml", "imp/s0/l1/m") == ["imp/s0/l1/mask"]


def test_keys_to_set_and_to_explain(bash):
    assert bash("plan", "study.toml", "--set", "recipes.real.ba") == ["recipes.real.batch="]
    assert bash("explain", "study.toml", "networks.imp[0].cr") == [r"networks.imp\[0\].criterion.name"]
    # One that is not written, too.
    assert bash("plan", "study.toml", "--set", "recipes.real.batch=9", "--set", "recipes.real.prec") == [
        "recipes.real.precision="
    ]


def test_words_that_bash_takes_apart_at_signs_of_equality(bash):
    """Bash replaces what stands behind the last `=`, so that this alone is to be said."""
    Path("study.toml").write_text(FAMILY)
    assert bash("compare", "study.toml", "imp[rewind", "=", "2") == [r"2it\]"]
    assert bash("compare", "study.toml", "imp[rewind", "=") == [r"0\]", r"2it\]"]
    assert bash("plan", "study.toml", "--format", "=", "js") == ["json"]
    assert bash("plan", "study.toml", "--set", "recipes.real.batch", "=", "6", "--set", "study") == ["study="]


def test_keys_to_set_are_those_of_the_spec_that_is_changed(bash):
    """Of `diff A B` that is B, and A where there is no B."""
    Path("a.toml").write_text(STABILITY.replace("imp", "mine"))
    of_a, of_study = [r"networks.mine\[0\].criterion.name="], [r"networks.imp\[0\].criterion.name="]
    assert bash("diff", "study.toml", "a.toml", "--set", "networks.mine[0].cr") == of_a
    assert bash("diff", "study.toml", "a.toml", "--set", "networks.imp[0].cr") == [""]
    assert bash("diff", "a.toml", "study.toml", "--set", "networks.imp[0].cr") == of_study
    assert bash("diff", "a.toml", "--set", "networks.mine[0].cr") == of_a


def test_what_the_store_knows(bash):
    plan = plan_of(STABILITY, "study='earlier'")
    record_plan(Store.open(".lmcspec"), plan.study, to_document(plan))
    assert bash("forget", "ea") == ["earlier"]
    assert bash("gc", "--study", "") == ["earlier"]
    assert bash("explain", "imp/s0/l1/m") == ["imp/s0/l1/mask"]
    assert bash("explain", "E40")[0] == "E401"


def test_zsh_and_fish(ask):
    typed = "lmcspec compare study.toml de"
    said, _ = ask(**{shells.ASKED: "complete_zsh", "_TYPER_COMPLETE_ARGS": typed})
    assert said == "_arguments '*: :((\"dense\"))'\n"
    fish = {shells.ASKED: "complete_fish", "_TYPER_COMPLETE_ARGS": typed}
    assert ask(**fish, _TYPER_COMPLETE_FISH_ACTION="get-args") == ("dense\n", 0)
    assert ask(**fish, _TYPER_COMPLETE_FISH_ACTION="is-args") == ("", 0)
    fish["_TYPER_COMPLETE_ARGS"] = "lmcspec compare study.toml nothing-is-called-so"
    assert ask(**fish, _TYPER_COMPLETE_FISH_ACTION="is-args") == ("", 1)
    said, _ = ask(**{shells.ASKED: "complete_zsh", "_TYPER_COMPLETE_ARGS": "lmcspec stat"})
    assert '"status":"Show what is done' in said


NAMES = {
    r"x\$(touch PWNED).toml": "a backslash before what is escaped",
    "x$(touch PWNED).toml": "a command",
    "x`touch PWNED`.toml": "a command, in the old way",
    r"x\";touch PWNED;\".toml": "a quotation that ends",
    "x';touch PWNED;'.toml": "the other",
    "x\\\\';touch PWNED;'.toml": "and behind backslashes",
    "x&touch PWNED;.toml": "no quotation at all",
}
"""Files that somebody else may have put into a folder, or into an archive."""
EVALUATING = r"""
_arguments() {  # as zsh's own: what is offered is a list in the language of the shell, which it evaluates
    local listed="${1#*: :((}"
    eval "offered=( ${listed%))} )"
    printf '%s\n' "${offered[@]}"
}
_files() { :; }
eval $(cat said)
"""


@pytest.mark.parametrize("name", NAMES, ids=NAMES.values())
def test_a_file_is_never_a_command(ask, name):
    """Whatever it is called, the shell that is told of it does nothing but offer it, or hears nothing of it."""
    (Path() / name).touch()
    Path("x.toml").touch()
    said, code = ask(**{shells.ASKED: "complete_zsh", "_TYPER_COMPLETE_ARGS": "lmcspec plan x"})
    Path("said").write_text(said)
    offered = subprocess.run(["bash", "-c", EVALUATING], capture_output=True, text=True, timeout=20)
    assert (code, offered.stderr) == (0, "") and "x.toml" in offered.stdout.splitlines()
    typed = {"_TYPER_COMPLETE_ARGS": "lmcspec plan x", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "x"}
    said, _ = ask(**{shells.ASKED: "complete_powershell", **typed})
    assert not any(set("$`;&") & set(line) for line in said.splitlines())
    assert not Path("PWNED").exists()


def test_what_bash_is_told_is_no_pattern(ask, tmp_path):
    """The script that Typer installs lets bash look for files that fit; a name with brackets is not theirs."""
    Path("study.toml").write_text(FAMILY)
    Path("imp0").touch()
    Path("imp{a,b}.toml").touch()
    program = f"{sys.executable} -c 'from lmcspec.cli import main; main()'"
    script = subprocess.run(
        ["bash", "-c", f"{program} --show-completion bash"],
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    asked = f"""
        lmcspec() {{ {program}; }}
        complete() {{ :; }}
        env() {{ local -x "${{@:1:3}}"; lmcspec; }}
        {script}
        COMP_WORDS=(lmcspec "$@") COMP_CWORD=$#
        _lmcspec_completion lmcspec
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """

    def offered(*words: str) -> list[str]:
        return subprocess.run(
            ["bash", "-c", asked, "bash", *words], capture_output=True, text=True, check=True
        ).stdout.splitlines()

    assert offered("compare", "study.toml", "imp") == ["imp", r"imp\[rewind=0\]", r"imp\[rewind=2it\]"]
    assert offered("plan", "imp") == [r"imp\{a,b\}.toml"]


def test_powershell(ask):
    typed = {shells.ASKED: "complete_powershell", "_TYPER_COMPLETE_ARGS": "lmcspec compare study.toml"}
    said, _ = ask(**typed, _TYPER_COMPLETE_WORD_TO_COMPLETE="")
    assert [line.partition(":::")[0] for line in said.splitlines()] == ["dense", "imp"]
    said, _ = ask(
        **{**typed, "_TYPER_COMPLETE_ARGS": "lmcspec compare study.toml i"}, _TYPER_COMPLETE_WORD_TO_COMPLETE="i"
    )
    assert said == "imp::: \n"


BROKEN = {
    "no TOML": b'study = "broken\n[networks',
    "no UTF-8": b"\xff\xfe\x00",
    "wrong": STABILITY.replace("rounds", "ruonds").encode(),
    "empty": b"",
    "a circle": b'extends = ["study.toml"]\n',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_spec_is_no_reason_to_say_anything(ask, content):
    Path("study.toml").write_bytes(content)
    for words in (
        ("compare", "study.toml", ""),
        ("plan", "study.toml", "--set", ""),
        ("run", "study.toml", "--force", ""),
    ):
        line = "\n".join(("lmcspec", *words))
        said, _ = ask(**{shells.ASKED: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))})
        assert said == ""


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"COMP_WORDS": "lmcspec 'open", "COMP_CWORD": "1"},
        {"COMP_WORDS": "lmcspec", "COMP_CWORD": "no number"},
        {"COMP_WORDS": "lmcspec nothing of the kind", "COMP_CWORD": "3"},
        {"COMP_WORDS": "lmcspec explain nowhere.toml x", "COMP_CWORD": "3"},
        {"COMP_WORDS": "lmcspec plan --store /dev/null quickstart --force x", "COMP_CWORD": "6"},
        {shells.ASKED: "complete_nosuchshell"},
        {shells.ASKED: "what"},
    ],
)
def test_odd_questions(ask, variables):
    said, _ = ask(**{shells.ASKED: "complete_bash", **variables})
    assert "Traceback" not in said and "rror" not in said


def no_store():
    Path(".lmcspec").write_text("no store")


def a_store_of_another_form():
    Path(Store.open(".lmcspec").root, "store.json").write_text("{")


def a_store_with_a_broken_plan():
    store, plan = Store.open(".lmcspec"), plan_of(STABILITY)
    record_plan(store, plan.study, to_document(plan))
    for file in store.root.rglob("*.json"):
        if plan.study in str(file):
            file.write_text("{")


@pytest.mark.parametrize("damage", [no_store, a_store_of_another_form, a_store_with_a_broken_plan])
def test_a_damaged_store_is_passed_over(bash, damage):
    """Commands that ask the store offer what is known without it."""
    damage()
    assert r"imp/s0/l1/mask" in bash("run", "study.toml", "--force", "imp/s0/l1/m")
    assert "study.toml" in bash("explain", "")
    assert "study.toml" in bash("explain", "st")
    assert set(bash("forget", "")) <= {"", "tiny"}


def test_what_takes_too_long_is_given_up(ask, monkeypatch):
    """Names that were known by then are offered."""
    monkeypatch.setattr(shells, "SECONDS", 0.0)
    monkeypatch.setattr(shells, "_FOR_TASKS", 1.0)

    def for_ever(*_, **__):
        while True:
            pass

    monkeypatch.setattr("lmcspec.plan.planned_study.compile_study", for_ever)
    words = {"COMP_WORDS": "lmcspec run study.toml --target d", "COMP_CWORD": "4"}
    began = time.process_time()
    assert ask(**{shells.ASKED: "complete_bash", **words}) == ("dense\n", 0)
    assert time.process_time() - began < 5


def test_many_names_are_folded():
    labels = [
        f"{network}/s{replicate}/l{level}/train" for network in "ab" for replicate in range(9) for level in range(9)
    ]
    assert folded(labels, "") == labels
    assert folded(labels, "", 50) == ["a/", "b/"]
    assert folded(labels, "a/", 50) == [f"a/s{replicate}/" for replicate in range(9)]
    assert folded(labels, "a/s1/", 50) == [f"a/s1/l{level}/train" for level in range(9)]
    assert folded(labels[:81], "", 50) == [f"a/s{replicate}/" for replicate in range(9)], "no step with one way on"
    assert folded([f"n{number}" for number in range(9)], "", 5) == ["n0", "n1", "n2", "n3", "n4"]
    assert folded(["plain", "\x1b[31mred"], "") == ["plain"]


def test_in_a_process_of_its_own_it_is_quick(place):
    """As a share of what a command of this kind can cost at least, so that a slow machine is no matter."""
    words = {"COMP_WORDS": "lmcspec run study.toml --force imp/", "COMP_CWORD": "4"}
    environment = {**os.environ, shells.ASKED: "complete_bash", **words}
    program = [sys.executable, "-c", "from lmcspec.cli import main; main([])"]
    least = [sys.executable, "-c", "import typer, pydantic, rich.table, tomli"]

    def seconds(command: list[str]) -> float:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    assert min(seconds(program) for _ in range(3)) < 4 * min(seconds(least) for _ in range(3))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_installing_and_showing(shell, tmp_path):
    """What is installed asks by the variable that is looked for."""
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "SHELL": shell,
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    program = [sys.executable, "-c", "from lmcspec.cli import main; main()"]

    def call(option: str) -> str:
        return subprocess.run(
            [*program, option, shell], env=environment, capture_output=True, text=True, check=True
        ).stdout

    script = call("--show-completion")
    assert f"{shells.ASKED}=complete_{shell}" in script
    assert f"{shell} completion installed in" in call("--install-completion")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(f"{shells.ASKED}=complete_{shell}" in path.read_text() for path in files)

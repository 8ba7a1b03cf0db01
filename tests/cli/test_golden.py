"""Each command prints what is on record, at 80 columns: `uv run python -m tests.cli.accept` records it anew."""

import os
from pathlib import Path

import pytest
from golden_for_tests import FOLDER, STEPS, WIDTH, normalised, told

from lmcspec.cli import main

ACCEPTING = bool(os.environ.get("LMCSPEC_ACCEPT_GOLDEN"))
LENGTH = 120
"""Of the folder's path: where lines are broken must not depend on where tests run."""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    base = str(tmp_path_factory.getbasetemp().resolve())
    folder = Path(base, "x" * max(1, LENGTH - len(base) - 1))
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", str(WIDTH))
        for name in ("LMCSPEC_STORE", "LMCSPEC_DATA"):
            patch.delenv(name, raising=False)
        return told(folder, _call)


def _call(*arguments):
    """As the fixture `lmcspec` does it, but for a whole module."""
    import contextlib
    import io
    from types import SimpleNamespace

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return SimpleNamespace(code=stopped.value.code or 0, out=out.getvalue(), err=err.getvalue())


@pytest.mark.parametrize("name", STEPS)
def test_a_command_prints_what_is_on_record(said, name):
    file = FOLDER / f"{name}.txt"
    if ACCEPTING:
        file.write_text(said[name])
    assert file.exists(), "uv run python -m tests.cli.accept"
    assert said[name] == file.read_text(), "if it should print that: uv run python -m tests.cli.accept"


def test_nothing_else_is_on_record():
    for file in FOLDER.iterdir():
        if ACCEPTING and file.stem not in STEPS:
            file.unlink()
    assert {file.stem for file in FOLDER.iterdir()} == set(STEPS)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("21:36:35 done      a/b in 0.1 s: accuracy 55.6%", "HH:MM:SS done      a/b in TIME: accuracy N.NN%"),
        ("55/60 done, 1 running, 19 s elapsed\nx", "x"),
        ("imp  1  50.0%  97.36 ± 0.59 (3)", "imp  1  50.0% N.NN ± N.NN (3)"),
        ("off by +11.48 [-21.25, +44.22]", "off by +N.NN [-N.NN, +N.NN]"),
        ("time: 1 min 5 s on 2 slots (0.8 s to 2 h 3 min)", "time: TIME on N slots (TIME to TIME)"),
        ("keeps   1.18 kB, HERE is /a/b", "keeps SIZE, HERE is HERE"),
        ("task 8d83e6a880 of 7 tasks", "task TENDIGITID of 7 tasks"),
        (f"id {'ab1' * 20}", "id DIGEST"),
        ("made 2026-11-30 21:36 to 2026-11-30 21:37 on cpu", "made DATE on cpu"),
        ("on cpu of vm (AMD (AVX2), 1 thread), torch 2.15.0,\n  deterministic\nx", "on MACHINE, deterministic\nx"),
        ("with lmcspec 0.1.0, 117 trainings, k = 3", "with lmcspec VERSION, 117 trainings, k = 3"),
    ],
)
def test_what_is_not_compared(text, masked):
    assert normalised(text, Path("/a/b")) == masked
    assert normalised(masked, Path("/a/b")) == masked

"""Words that can't be written: every command ends with a code and a sentence, never a traceback or by accident."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lmcspec.cli.app import COMMANDS
from lmcspec.cli.written import Written

PROGRAM = "from lmcspec.__main__ import main; main()"
WORDS = {
    "plan": ["plan", "study.toml"],
    "run": ["run", "study.toml"],
    "status": ["status"],
    "explain": ["explain", "study.toml", "model"],
    "compare": ["compare", "study.toml", "imp", "dense"],
    "diff": ["diff", "study.toml", "other.toml"],
    "results": ["results", "study.toml"],
    "report": ["report", "study.toml", "-o", "page"],
    "export": ["export", "--help"],
    "import": ["import", "--help"],
    "pack": ["pack", "study.toml", "--force"],
    "unpack": ["unpack", "--help"],
    "init": ["init"],
    "specs": ["specs", "quickstart"],
    "schema": ["schema"],
    "sync": ["sync"],
    "ui": ["ui", "--help"],
    "verify": ["verify"],
    "doctor": ["doctor"],
    "forget": ["forget", "--help"],
    "gc": ["gc"],
}
"""A call of each command that has something to say."""


class Failing(io.StringIO):
    encoding = "utf-8"

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ""),
        (OSError(errno.EPIPE, "Broken pipe"), ""),
        (ValueError("I/O operation on closed file"), "it is closed"),
    ],
)
def test_what_becomes_of_an_error(error, trouble):
    stream = Written(Failing(error))
    print("one", file=stream, flush=True)
    print("two", file=stream)
    assert stream.trouble == trouble


def test_giving_up_keeps_no_file_open(tmp_path):
    """Neither for a stream that has no file, such as a test's, nor for one whose file is closed."""
    nowhere, closed = io.StringIO(), (tmp_path / "out").open("w")
    nowhere.close()
    closed.close()
    before = len(os.listdir("/proc/self/fd"))
    for stream in (nowhere, closed):
        written = Written(stream)
        written.write("a word")
        assert written.trouble == "it is closed"
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("gone", ["contextlib", "os"])
def test_giving_up_when_the_interpreter_ends(tmp_path, monkeypatch, gone):
    """By then names of modules may stand for nothing."""
    with (tmp_path / "file").open("w") as file:
        stream = Written(file)
        with monkeypatch.context() as ending:
            ending.setattr(f"lmcspec.cli.written.{gone}", None)
            stream._give_up("disk full")
        assert stream.trouble == "disk full"


def test_a_stream_that_is_not_there():
    stream = Written(None)
    print("one", file=stream, flush=True)
    assert stream.trouble == "it is closed" and not stream.isatty()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("ascii", "1 +/- 2 ... -> x ^2 \\xfc\\u4e2d\n"),
        ("latin-1", "1 ± 2 ... -> × ² ü\\u4e2d\n"),
        ("utf-8", "1 ± 2 … → × ² ü中\n"),
    ],
)
def test_signs_that_a_terminal_lacks_have_stand_ins(encoding, text):
    beneath = io.TextIOWrapper(io.BytesIO(), encoding)
    stream = Written(beneath)
    print("1 ± 2 … → × ² ü中", file=stream, flush=True)
    assert beneath.buffer.getvalue().decode(encoding) == text
    assert stream.trouble == ""


@pytest.fixture
def folder(place, finished):
    Path("other.toml").write_text(Path("study.toml").read_text().replace("replicates = 2", "replicates = 1"))
    os.symlink(finished, place / "store")
    return place


def shell(line, folder, **more):
    environment = {**os.environ, "LMCSPEC_STORE": str(folder / "store"), "P": sys.executable, "C": PROGRAM, **more}
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip


def test_every_command_is_called():
    assert set(WORDS) == set(COMMANDS)


QUICK = ("plan", "results", "status", "schema")


def walked(names):
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", walked(WORDS))
def test_a_full_disk(name, folder, lmcspec, monkeypatch):
    monkeypatch.setenv("LMCSPEC_STORE", str(folder / "store"))
    said = shell(f'"$P" -c "$C" {" ".join(WORDS[name])} > /dev/full', folder)
    assert said.returncode == (0 if not lmcspec(*WORDS[name]).out else 4)
    assert "Traceback" not in said.stderr and "Exception" not in said.stderr
    assert said.returncode == 0 or "could not be written: No space left on device" in said.stderr


@pytest.mark.parametrize("name", walked(WORDS))
def test_a_reader_that_has_read_enough(name, folder):
    said = shell(f'"$P" -c "$C" {" ".join(WORDS[name])} | head -c 1', folder)
    assert (said.returncode, "Traceback" in said.stderr, "Exception" in said.stderr) == (0, False, False)


@pytest.mark.parametrize("name", walked(WORDS))
def test_an_ascii_terminal(name, folder):
    said = shell(
        f'"$P" -c "$C" {" ".join(WORDS[name])}',
        folder,
        LC_ALL="C",
        PYTHONIOENCODING="ascii",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert said.returncode == 0 and "Traceback" not in said.stderr
    assert said.stdout.isascii() and said.stderr.isascii()


@pytest.mark.parametrize("name", walked(WORDS))
def test_closed_streams(name, folder):
    said = shell(f'"$P" -c "$C" {" ".join(WORDS[name])} >&-', folder)
    assert said.returncode in (0, 4) and "Traceback" not in said.stderr
    assert said.returncode == 0 or "could not be written: it is closed" in said.stderr
    both = shell(f'"$P" -c "$C" {" ".join(WORDS[name])} <&- >&- 2>&-', folder)
    assert both.returncode == said.returncode and both.stdout == both.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_children_have_what_was_closed(closed):
    """A worker that finds no standard error can't begin, and all workers would end in turn."""
    looks = "import os\nfor number in (0, 1, 2): os.fstat(number)"
    program = (
        "import subprocess, sys\nfrom lmcspec.cli.written import written\n"
        f"with written(): sys.exit(subprocess.call([sys.executable, '-c', {looks!r}]))"
    )
    assert subprocess.run(["bash", "-c", f'"$P" -c "$C" {closed}'], env={**os.environ, "P": sys.executable, "C": program}, check=False).returncode == 0  # fmt: skip


@pytest.mark.slow
def test_a_study_runs_where_all_streams_are_closed(folder):
    said = shell('"$P" -c "$C" run study.toml --store new <&- >&- 2>&-', folder)
    assert said.returncode == 4, "only its answer could not be written"
    assert "Nothing to do" in shell('"$P" -c "$C" run study.toml --store new', folder).stderr


def test_an_error_keeps_its_code_whoever_reads_it(folder):
    (folder / "bad.toml").write_text("study = 1\n")
    for line in (
        "plan bad.toml --format json | head -c 1",
        "plan bad.toml 2>/dev/full",
        "plan bad.toml --format json >/dev/full",
        "plan bad.toml --format json >&-",
    ):
        said = shell(f'"$P" -c "$C" {line}', folder)
        assert said.returncode == 2 and "Traceback" not in said.stderr
    piped = shell('"$P" -c "$C" results study.toml --format csv | head -1', folder)
    assert piped.returncode == 0 and piped.stdout.count("\n") == 1 and not piped.stderr


def test_what_can_t_be_written_where_it_was_asked_for(folder):
    (folder / "in-the-way").write_text("")
    for line in (
        "report study.toml -o in-the-way",
        "report study.toml -o /proc/nowhere",
        "report study.toml --figure cost -o in-the-way",
        "report study.toml --figure cost -o /proc/nowhere/fig.pdf",
        "plan study.toml -o in-the-way/plan.json",
        "plan study.toml -o /dev/full",
    ):
        said = shell(f'"$P" -c "$C" {line}', folder)
        assert said.returncode not in (0, 1) and "Traceback" not in said.stderr and "error: " in said.stderr, line
    assert Path("/dev/full").is_char_device()


def test_a_saved_plan_takes_the_place_of_files_only(folder):
    (folder / "real.json").write_text("")
    (folder / "link.json").symlink_to("real.json")
    os.mkfifo(folder / "pipe")
    said = shell('"$P" -c "$C" plan study.toml -o link.json', folder)
    assert said.returncode == 0 and (folder / "link.json").is_symlink()
    whole = json.loads((folder / "real.json").read_text())
    piped = shell('cat pipe > read.json & "$P" -c "$C" plan study.toml -o pipe; wait', folder)
    assert piped.returncode == 0 and (folder / "pipe").is_fifo()
    assert json.loads((folder / "read.json").read_text()) == whole


@pytest.mark.parametrize(
    "after",
    [
        *(pytest.param(after, marks=pytest.mark.kill) for after in (0.2, 1.5)),
        *(pytest.param(after, marks=pytest.mark.slow) for after in (0.1, 0.4, 0.8, 2.5)),
    ],
)
@pytest.mark.parametrize(
    "words", [["plan", "study.toml"], ["run", "study.toml", "--store", "new"]], ids=["plan", "run"]
)
def test_ctrl_c_at_any_moment_is_quiet(words, after, folder):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    # Before any line of ours is read, Python speaks for itself.
    early = process.returncode == -signal.SIGINT and "lmcspec/" not in err
    assert early or (process.returncode in (130, 0) and "Traceback" not in err)

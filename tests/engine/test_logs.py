import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lmcspec.engine.logs import DescriptorLog, FileLog, StreamLog


def test_python_and_c_output_lands_in_the_file(tmp_path, capfd):
    log = DescriptorLog(tmp_path / "log.txt")
    os.write(1, b"one\n")
    os.write(2, b"two\n")
    subprocess.run([sys.executable, "-S", "-c", "print('three')"], check=True)
    log.write("four\n")
    log.close()
    os.write(1, b"after\n")
    assert (tmp_path / "log.txt").read_text() == "one\ntwo\nthree\nfour\n"
    assert capfd.readouterr().out == "after\n"


def test_a_long_log_is_cut_and_says_so(tmp_path):
    path = tmp_path / "log.txt"
    log = FileLog(path, limit=100)
    for _ in range(10):
        log.write("x" * 50)
        log.trim()
    log.end("the reason\n")
    log.close()
    text = path.read_text()
    assert text.startswith("x" * 100 + "\n[the log is cut here: 400 bytes left out")
    assert text.endswith("the reason\n")


def test_a_short_log_is_left_alone(tmp_path):
    log = FileLog(tmp_path / "log.txt", limit=100)
    log.write("all of it\n")
    log.trim()
    log.close()
    log.trim()
    assert (tmp_path / "log.txt").read_text() == "all of it\n"


def test_in_the_drivers_process_words_are_seen_on_stderr_too(tmp_path, capsys):
    log = StreamLog(tmp_path / "log.txt")
    print("seen")
    print("seen too", file=sys.stderr)
    log.close()
    print("later")
    seen = capsys.readouterr()
    assert (tmp_path / "log.txt").read_text() == "seen\nseen too\n"
    assert seen.err == "seen\nseen too\n"
    assert seen.out == "later\n"


def test_descriptors_lead_back_even_if_the_disk_is_full(monkeypatch, capfd):
    log = DescriptorLog(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        log.write("words\n")

    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lmcspec.engine.logs._flush", full)
    with pytest.raises(OSError, match="No space left"):
        log.close()
    os.write(1, b"after\n")
    os.write(2, b"and after\n")
    assert capfd.readouterr() == ("after\n", "and after\n")

import os
import socket
from dataclasses import asdict, replace

import pytest

from lmcspec.store.process import is_gone, read_process, this_process


def test_this_process_lives():
    here = this_process()
    assert (here.pid, here.host) == (os.getpid(), socket.gethostname())
    assert is_gone(here) is False
    assert read_process(asdict(here)) == here


def test_who_is_gone_and_of_whom_nothing_is_known():
    here = this_process()
    assert is_gone(replace(here, started="1")) is True, "the pid was used again"
    assert is_gone(replace(here, boot="before")) is True
    assert is_gone(replace(here, host="elsewhere")) is None
    assert is_gone(replace(here, host="elsewhere", boot="other")) is None
    assert is_gone(replace(here, space="pid:[1]")) is None, "a container's pids are its own"


def test_an_ended_process_is_gone(python):
    process = python("import sys; from lmcspec.store.process import *; print(this_process().started); sys.stdin.read()")
    other = replace(this_process(), pid=process.pid, started=process.stdout.readline().strip())
    assert is_gone(other) is False
    process.kill()
    process.wait()
    assert is_gone(other) is True


def test_a_forked_child_is_another_process():
    parent = this_process()
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, str(this_process().pid).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(read, 20)) == child != parent.pid
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("document", [{}, {"host": "x"}, {**asdict(this_process()), "pid": "many"}])
def test_what_describes_no_process(document):
    with pytest.raises(ValueError, match=r"."):
        read_process(document)

"""docs/tour.md: ten tasks of a day in twenty commands, typed one after the other, each with what the page says it prints."""

import re
import subprocess
from itertools import groupby

import pytest
from pages_for_tests import Command, Follower, check_shown, installed, page, steps, surroundings

from lmcspec.plan import compile_study
from lmcspec.spec import load

PAGE = page("tour.md")
STEPS = list(steps(PAGE))
SAID = " ".join(PAGE.split())
COMMANDS = [step for step in STEPS if isinstance(step, Command)]
TASKS = 10
MOST = 20
MOUNT = ("unshare", "--user", "--map-root-user", "--mount", "bash", "-c")
"""Runs a script that may mount file systems, which only it sees."""
SMALL_DISK = """
cp -a .lmcspec kept && mount -t tmpfs -o size=64m none .lmcspec && cp -a kept/. .lmcspec || exit 99
head -c 64m /dev/zero > .lmcspec/filler 2> /dev/null; truncate -s -300000 .lmcspec/filler
%s
rm .lmcspec/filler; rm -r kept; cp -a .lmcspec kept; umount .lmcspec; rm -r .lmcspec; mv kept .lmcspec
"""
"""In a folder whose store lies on a disk with 300 kB left."""


def test_ten_tasks_take_twenty_commands():
    sections = re.findall(r"^## (\d+)\. .+$", PAGE, re.M)
    assert sections == [str(number + 1) for number in range(TASKS)]
    of_tasks = [command for command in COMMANDS if command.section]
    assert {command.section.split(".")[0] for command in of_tasks} == set(sections)
    assert len(of_tasks) <= MOST and len(COMMANDS) - len(of_tasks) == 1, "the first command made what is there"


def follow_on_a_small_disk(reader: Follower, commands: list[Command]) -> None:
    """All in one namespace, as a disk that is mounted there is gone with it."""
    said = [reader.home / f"said{number}" for number in range(len(commands))]
    typed = "\n".join(
        f"({command.line}) > {file} 2>&1; echo $? > {file}.code" for command, file in zip(commands, said, strict=True)
    )
    environment = {**surroundings(), "LMCSPEC_NO_TRACKING": "1"}
    subprocess.run([*MOUNT, SMALL_DISK % typed], cwd=reader.folder(""), env=environment, check=True)
    for command, file in zip(commands, said, strict=True):
        printed = file.read_text(encoding="utf-8")
        code = int(file.with_suffix(".code").read_text(encoding="utf-8"))
        assert code == (4 if command.fails else 0), printed
        check_shown(command, printed)


def test_from_25_to_30_rounds_is_what_the_page_says():
    first = next(step for step in STEPS if not isinstance(step, Command))
    text = first.text.replace("replicates = 3", "replicates = 6")
    before, after = (
        {
            task.id: task.kind
            for task in compile_study(load("study.toml", [f"networks.imp.0.rounds={rounds}"], text=text)).counted
        }
        for rounds in (25, 30)
    )
    kept = before.keys() & after.keys()
    new = [after[task] for task in after.keys() - kept]
    gone = [before[task] for task in before.keys() - kept]
    said = re.search(r"it would be (\d+) masks and (\d+) trainings, and as many copies and paths as here", SAID)
    assert said is not None
    copies, paths = (int(number) for number in re.search(r"\((\d+) copies, (\d+) paths\)", SAID).groups())
    assert new.count("prune") == int(said[1]) and new.count("train") == int(said[2]) + copies
    assert new.count("path") == paths and sorted(gone) == ["path"] * paths + ["train"] * copies


@pytest.mark.slow
def test_every_command_does_what_the_page_says(tmp_path, monkeypatch):
    if subprocess.run([*MOUNT, "true"], capture_output=True).returncode:
        pytest.skip("needs user namespaces, to mount file systems of its own")
    monkeypatch.delenv("LMCSPEC_NO_TRACKING")
    monkeypatch.delenv("LMCSPEC_STORE", raising=False)
    bucket = {"s3://bucket": str(tmp_path / "bucket")}
    arriving = {"cluster": ("study.toml",), "colleague": ("rewinds.zip",)}
    reader = Follower(tmp_path, bucket, arriving)
    for on_small_disk, part in groupby(STEPS, key=lambda step: getattr(step, "section", "").startswith("5.")):
        if on_small_disk:
            follow_on_a_small_disk(reader, list(part))
            continue
        for step in part:
            if getattr(step, "line", "") == "uv pip install -e my-cards":
                paths = installed(tmp_path / "here" / "my-cards", "my-cards", "rings = my_cards.cards")
                reader.environment["PYTHONPATH"] = paths
            else:
                reader.do(step)

"""The real command on the small study, in a session of its own, and what is left of it."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

COMMAND = str(Path(sys.executable).with_name("lmcspec"))
STUDY = Path(__file__).with_name("study.toml")
SOON = 5.0
"""Seconds after which no process of a driver that is gone may be left."""
LONG = 90.0
ATTEMPTS, METRICS = "attempts/*/*", "metrics.jsonl"
MOUNT = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
"""Runs a script that may mount file systems, which only it sees."""


class Run:
    """`lmcspec run` on a study; `options` are further arguments, `before` stands before them all."""

    def __init__(self, store, *options, study=STUDY, workers=2, before=(), format="json", **environment):
        self.mark = uuid.uuid4().hex
        self.store, self._study = Path(store), study
        self._left = set(self.store.glob(ATTEMPTS))
        self._said = self.store.with_name(f"{self.store.name}-{self.mark[:8]}-stderr.txt")
        arguments = [COMMAND, "run", str(study), "--store", str(store), "--format", format]
        arguments += [] if "--runner" in options else ["--workers", str(workers)]
        with open(self._said, "wb") as stderr:
            self.process = subprocess.Popen(
                [*before, *arguments, *options],
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=_hear_all,
                env={**os.environ, "NO_COLOR": "1", **environment, "LMCSPEC_TEST_RUN": self.mark},
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.family():
            process.kill()
        self.process.wait()
        self.process.stdout.close()

    def end(self, longest=None):
        """Wait for the driver's end: its exit code, or minus the signal that killed it."""
        longest = LONG if longest is None else longest
        try:
            self.results, _ = self.process.communicate(timeout=longest)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {longest} s; it said:\n{self.said}") from None
        return self.process.returncode

    @property
    def said(self):
        """What came on stderr so far."""
        return self._said.read_text(errors="replace")

    def told(self, command):
        """What another command says of the study in this store: `status` or `plan`."""
        arguments = [COMMAND, command, str(self._study), "--store", str(self.store)]
        environment = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment).stdout

    def until(self, condition):
        """Wait until the condition holds."""
        deadline = time.monotonic() + LONG
        while not (found := condition()):
            assert self.process.poll() is None, f"the driver ended; it said:\n{self.said}{self.process.stdout.read()}"
            assert time.monotonic() < deadline, f"nothing for {LONG} s; it said:\n{self.said}"
            time.sleep(0.002)
        return found

    def family(self):
        """All processes of this run that live, wherever they hang: they have its mark in their environment."""
        return [process for process in psutil.process_iter() if _is_marked(process, self.mark)]

    def workers(self):
        """The processes that do tasks: what the driver's server has forked."""
        return [process for process in self.family() if self.process.pid not in (process.pid, process.ppid())]

    def gone(self, seconds=SOON):
        """Whether none is left after at most that many seconds."""
        deadline = time.monotonic() + seconds
        while self.family() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.family()

    def attempts(self):
        """The attempts that it has begun at trainings, and not those that an earlier run left."""
        return [path for path in self.store.glob(ATTEMPTS) if path not in self._left and (path / METRICS).exists()]

    def done(self):
        """Labels of the tasks that it did."""
        return re.findall(r"done {6}(.+?) in [\d.]+ s", self.said)


class Freeze:
    """Holds a worker in the middle of a training, so that what follows does not depend on who is faster."""

    def __init__(self, run):
        self._run = run
        self._workers = self._held = []

    def __enter__(self):
        self._run.until(self._held_in_training)
        return self

    def __exit__(self, *_):
        self.release()

    def release(self):
        """Let it go on."""
        for process in self._held:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        self._held = []

    def _held_in_training(self):
        if not self._is_training():
            return False
        # Looked for once: meanwhile the training could be over.
        self._workers = self._held = self._workers or self._run.workers()
        for process in self._held:
            process.send_signal(signal.SIGSTOP)
        if self._held and self._is_training():
            return True
        self.release()
        return False

    def _is_training(self):
        attempts = self._run.attempts()
        return bool(attempts) and not any((attempt / "task.json").exists() for attempt in attempts)


def _hear_all():
    """Tests that run in the background, or under nohup, hand on that these are ignored, as a run of theirs should."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def fault(point, victims, mark):
    """The variables that arm a fault point."""
    return {"LMCSPEC_FAULT": point, "LMCSPEC_FAULT_KILL": victims, "LMCSPEC_FAULT_MARK": str(mark)}


def _is_marked(process, mark):
    try:
        return process.environ().get("LMCSPEC_TEST_RUN") == mark
    except (psutil.Error, OSError):
        return False  # A zombie, or somebody else's.

"""Running tasks that are listened to: the worker of one that says nothing for too long is ended."""

from collections.abc import Mapping

from lmcspec.engine.runner import Carrying, Runner
from lmcspec.engine.silence import Patience, Silence, Silences


class Watch:
    """What is heard of the tasks of a run, and the workers that were ended for hearing nothing."""

    def __init__(self, runner: Runner, patience: Patience) -> None:
        self._runner, self._silences = runner, Silences(patience)
        self._hung: dict[str, Silence] = {}
        """Tasks whose worker was ended, and has not been seen to go yet."""

    def began(self, task: str, expected: float | None, now: float) -> None:
        """The task runs from now on, and should take so long, if anything is known."""
        self._silences.began(task, expected, now)

    def heard(self, task: str, now: float) -> None:
        """The task has come further."""
        self._silences.heard(task, now)

    def ended(self, task: str) -> Silence | None:
        """The task runs no more; the silence for which its worker was ended, if it was."""
        self._silences.ended(task)
        return self._hung.pop(task, None)

    def look(self, task_at: Mapping[int, str], now: float) -> list[Silence]:
        """End the workers of tasks, by slot, that have said nothing for too long; those that are on the way there."""
        self._silences.listening(now)
        if isinstance(self._runner, Carrying):
            for slot, task in task_at.items():
                if self._runner.carries(slot):
                    self._silences.heard(task, now)
        slots = {task: slot for slot, task in task_at.items()}
        for silence in self._silences.hung(now):
            if silence.task not in self._hung and silence.task in slots:
                self._hung[silence.task] = silence
                self._runner.end(slots[silence.task])
        return self._silences.suspicious(now)

"""What became of a run's tasks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Ids of tasks by how they ended, in that order; a task that never started is in none."""

    done: tuple[str, ...]
    failed: tuple[str, ...]
    skipped: tuple[str, ...]
    interrupted: tuple[str, ...]
    reused: tuple[str, ...]
    """In the store already when their turn came: another driver's work."""
    seconds: float
    """Wall time of the run."""
    damaged: frozenset[str] = frozenset()
    """The failed tasks that met a damaged input, which counts as missing now."""
    left: frozenset[str] = frozenset()
    """Those that were not tried to the end, since the run was stopped before."""
    unrecorded: tuple[str, ...] = ()
    """Studies whose plans could not be recorded, so that the store does not keep what they need."""

    def then(self, more: "Summary") -> "Summary":
        """This run and one after it, which tried again what had failed."""
        again = {*more.done, *more.reused, *more.failed, *more.skipped, *more.interrupted}
        return Summary(
            done=self.done + more.done,
            failed=tuple(task for task in self.failed if task not in again) + more.failed,
            skipped=tuple(task for task in self.skipped if task not in again) + more.skipped,
            interrupted=self.interrupted + more.interrupted,
            reused=self.reused + more.reused,
            seconds=self.seconds + more.seconds,
            damaged=more.damaged,
            left=more.left,
            unrecorded=more.unrecorded,
        )

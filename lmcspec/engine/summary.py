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

"""A study as a command line names it."""

from collections.abc import Iterable
from pathlib import Path


def study_words(specs: Iterable[str | Path], sets: Iterable[str]) -> list[str]:
    """The words: specs, and what is set of them."""
    return [*map(str, specs), *(word for setting in sets for word in ("--set", setting))]

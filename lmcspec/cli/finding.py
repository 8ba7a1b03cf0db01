"""What `lmcspec doctor` has to say of each thing that it looks at."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

State = Literal["ok", "warn", "bad"]
"""`bad`: nothing runs, or what was asked about can't. `warn`: it does, but not as it could."""


class Finding(NamedTuple):
    """What was looked at, what is there, and what to do where that is not enough."""

    what: str
    value: str
    help: str = ""
    state: State = "ok"


def looked(what: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a look at something says; that it can't be looked at, if so: what is out of order hides nothing else."""
    try:
        yield from look()
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        help = "see that its disk is mounted, and that this folder and all that is named are still there"
        yield Finding(what, f"can't be looked at: {place}{error.strerror or error}", help, "bad")

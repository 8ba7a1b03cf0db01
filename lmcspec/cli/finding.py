"""What `lmcspec doctor` has to say of each thing that it looks at."""

from typing import Literal, NamedTuple

State = Literal["ok", "warn", "bad"]
"""`bad`: nothing runs, or what was asked about can't. `warn`: it does, but not as it could."""


class Finding(NamedTuple):
    """What was looked at, what is there, and what to do where that is not enough."""

    what: str
    value: str
    help: str = ""
    state: State = "ok"

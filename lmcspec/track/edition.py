"""What series and experiments are told, by edition: what an earlier lmcspec has told may lack some of today's."""

from collections.abc import Iterable

from lmcspec.track.ledger import Ledger

EDITION = "3"
"""To be raised where series or experiments get what they did not have. Before 2 there were no noise floors; before 3 no
notes, no titles of charts, and colours that were not the report's."""


def is_behind(ledger: Ledger, study: str, ended: Iterable[object], settled: bool) -> bool:
    """Whether a study was told in an earlier edition: by invocations that have `ended`, or as it was `settled`."""
    return ledger.note(f"edition/{study}") != EDITION and (settled or any(True for _ in ended))


def write_edition(ledger: Ledger, study: str) -> None:
    """Note that a study was told in this edition."""
    ledger.write(f"edition/{study}", EDITION)

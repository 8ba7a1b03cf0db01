"""Which numbers of results are charted, by edition: what an earlier lmcspec has told may lack some of today's."""

from collections.abc import Iterable

from lmcspec.track.ledger import Ledger

EDITION = "2"
"""To be raised where series get points that they did not have. Before 2 there were no noise floors."""


def is_behind(ledger: Ledger, study: str, ended: Iterable[object], settled: bool) -> bool:
    """Whether a study was told in an earlier edition: by invocations that have `ended`, or as it was `settled`."""
    return ledger.note(f"edition/{study}") != EDITION and (settled or any(True for _ in ended))


def write_edition(ledger: Ledger, study: str) -> None:
    """Note that a study was told in this edition."""
    ledger.write(f"edition/{study}", EDITION)

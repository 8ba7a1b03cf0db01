"""What a study says of itself, which its experiment repeats."""

import contextlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.errors import LmcspecError
from lmcspec.store import Invocation
from lmcspec.track.ledger import Ledger

if TYPE_CHECKING:
    from lmcspec.spec import Study


class About(NamedTuple):
    """Title, source, and the command that ran it; empty where nothing is said."""

    title: str = ""
    source: str = ""
    command: str = ""


def by_spec(study: "Study", command: str) -> About:
    """What a spec says, of which this is a case."""
    return About(study.title, study.source, command)


def by_invocation(invocation: Invocation, ledger: Ledger) -> About:
    """What the spec of an invocation says; where it ran from a saved plan, which says nothing, what was told last."""
    command = str(invocation.origin.get("command") or "")
    spec = None
    with contextlib.suppress(DocumentError, LmcspecError, OSError):
        spec = invocation.spec
    study = next(iter((spec or {}).values()), None)
    if isinstance(study, Mapping):
        return About(str(study.get("title") or ""), str(study.get("source") or ""), command)
    return last_told(ledger, invocation.study)._replace(command=command)


def last_told(ledger: Ledger, study: str) -> About:
    """What was told of a study."""
    with contextlib.suppress(DocumentError):
        match parse_document(ledger.note(_told(study)), "what was told of a study"):
            case [str(title), str(source), str(command)]:
                return About(title, source, command)
    return About()


def is_told(ledger: Ledger, study: str, said: About) -> bool:
    """Whether its title and source were told. The command that ran it is another one in each folder."""
    return last_told(ledger, study)[:2] == said[:2]


def write_told(ledger: Ledger, study: str, said: About) -> None:
    """Note what was told of a study."""
    ledger.write(_told(study), json.dumps(said))


def _told(study: str) -> str:
    return f"about/{study}"

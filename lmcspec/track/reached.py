"""Whether a tracking server answers."""

import http.client
import re
import urllib.error
import urllib.request

from lmcspec.track.asking import Asking
from lmcspec.track.troubles import UnreachableError
from lmcspec.track.where import shown

PATIENCE = 3.0
"""Seconds, for the whole answer: a byte now and then doesn't make it longer."""
LONGEST = 100
"""Bytes of an answer that may be a version."""

_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){1,3}[a-z0-9.+-]{0,20}")


def reached(uri: str) -> tuple[str, bool]:
    """What became of a question to a server at an http address, in words, and whether it is there."""
    try:
        version = Asking("it", lambda _: None).call(lambda: _asked(uri), PATIENCE)
    except urllib.error.HTTPError as error:
        # It wants a name and a password, or is older than the question.
        error.close()
        return f"which answers with {error.code}", error.code < 500
    except UnreachableError:
        return f"which doesn't answer: nothing whole came in {PATIENCE:g} s", False
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"which doesn't answer: {getattr(error, 'reason', None) or error}", False
    is_version = _VERSION.fullmatch(version) is not None
    return f"MLflow {version}" if is_version else "which answers, and is no MLflow", is_version


def _asked(uri: str) -> str:
    with urllib.request.urlopen(f"{shown(uri).rstrip('/')}/version", timeout=PATIENCE) as answer:
        return answer.read(LONGEST).decode("utf-8", "replace").strip()

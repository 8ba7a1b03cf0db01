"""Whether a tracking server answers."""

import http.client
import urllib.error
import urllib.request

from lmcspec.track.where import shown

PATIENCE = 3.0
"""Seconds."""
LONGEST = 100
"""Characters of an answer that may be a version."""


def reached(uri: str) -> tuple[str, bool]:
    """What became of a question to a server at an http address, in words, and whether it is there."""
    try:
        with urllib.request.urlopen(f"{shown(uri).rstrip('/')}/version", timeout=PATIENCE) as answer:
            version = answer.read(LONGEST).decode("utf-8", "replace").strip()
    except urllib.error.HTTPError as error:
        # It wants a name and a password, or is older than the question.
        return f"which answers with {error.code}", error.code < 500
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"which doesn't answer: {getattr(error, 'reason', None) or error}", False
    return f"MLflow {version}" if version[:1].isdigit() else "which answers, and is no MLflow", version[:1].isdigit()

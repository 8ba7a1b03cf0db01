"""A plan as a file, for `lmcspec run FILE`."""

import contextlib
import json
import os
from pathlib import Path

from lmcspec.base.errors import UsageError
from lmcspec.plan.document import to_document
from lmcspec.plan.graph import Plan


def save(plan: Plan, output: Path) -> None:
    """Write the plan to a file, whole or not at all; what is no file, such as a pipe, gets it as it comes."""
    text = json.dumps(to_document(plan), indent=1, ensure_ascii=False)
    # A link stays one, and a device too: only an ordinary file has another put in its place.
    place = Path(os.path.realpath(output))
    draft = place.with_name(f".{place.name}.draft")
    try:
        if place.exists() and not place.is_file():
            place.write_text(text, encoding="utf-8")
            return
        draft.write_text(text, encoding="utf-8")
        draft.replace(place)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise UsageError(f"can't write {output}: {error.strerror}") from None

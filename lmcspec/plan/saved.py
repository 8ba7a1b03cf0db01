"""A plan as a file, for `lmcspec run FILE`."""

import json
import shlex
from pathlib import Path

from lmcspec.base.documents import DocumentError
from lmcspec.base.documents import read_document as parse
from lmcspec.base.drafts import drafted
from lmcspec.base.errors import UsageError
from lmcspec.base.file_names import refuse_undecodable
from lmcspec.plan.document import read_document, to_document
from lmcspec.plan.graph import Plan
from lmcspec.store.layout import LARGEST_PLAN


def save(plan: Plan, output: Path) -> None:
    """Write the plan to a file, whole or not at all; what is no file, such as a pipe, gets it as it comes."""
    text = json.dumps(to_document(plan), indent=1, ensure_ascii=False)
    with drafted(output) as draft:
        draft.write_text(text, encoding="utf-8")


def read_saved(path: Path) -> Plan:
    """The plan in a file that `save` wrote. UsageError where it is another file, StoreError where it was edited."""
    refuse_undecodable(str(path.absolute()), "the path of the plan")
    try:
        document = parse(path, largest=LARGEST_PLAN, follow=True)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}", help=f"lmcspec plan SPEC -o {shlex.quote(str(path))} makes a plan"
        ) from None
    except DocumentError as error:
        raise UsageError(f"{path} is not a saved plan: it {error.problem}") from None
    if isinstance(document, dict) and "networks" in document and "parts" not in document:
        yaml = path.with_suffix(".yaml").name
        raise UsageError(
            f"{path} is a spec; the ending .json is that of saved plans",
            help=f"call it {yaml}: what is JSON is YAML as well",
        )
    return read_document(document)

"""Lock the kinds of task as they are: `uv run python -m tests.versions.accept`.

The golden studies run. What gives the same numbers as before gets its new sources locked; new numbers are locked
only under a new version of the kind. Otherwise nothing is written, and the exit code is 1.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.versions import golden, lock


def accept(found: Mapping[str, Mapping[str, Any]], file: Path = lock.FILE) -> int:
    """Write the lock if these golden values allow it; the exit code."""
    old = lock.read(file)
    new = lock.current(found)
    refused = lock.refusals(old, new)
    for refusal in refused:
        print(refusal, file=sys.stderr)
    if refused:
        print("nothing was written", file=sys.stderr)
        return 1
    for name in new:
        if old.get(name, {}).get("version") == new[name]["version"]:
            # Rounding must not creep: values that agree stay as they were.
            kept = {task: value for task, value in old[name]["golden"].items() if task in new[name]["golden"]}
            new[name]["golden"] = {**new[name]["golden"], **kept}
        print(f"{name}: {_news(old.get(name), new[name])}")
    lock.write(new, file)
    return 0


def _news(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> str:
    if old is None:
        return f"version {new['version']} locked"
    if old["version"] != new["version"]:
        return f"version {old['version']} became {new['version']}"
    changed = sorted({*old["sources"].items()} ^ {*new["sources"].items()})
    modules = ", ".join(sorted({module for module, _ in changed}))
    return f"version {new['version']}, unchanged in its numbers; sources: {modules or 'as they were'}"


if __name__ == "__main__":
    sys.exit(accept(golden.run()))

"""The rows of some cases, networks and measures."""

from collections.abc import Iterable, Sequence

from lmcspec.base.errors import UsageError
from lmcspec.catalog import nearest
from lmcspec.report.tidy import Row


def chosen(rows: Iterable[Row], **wanted: Sequence[str]) -> list[Row]:
    """The rows of these cases, networks and measures; of all where none is named. UsageError for one that none has."""
    left = list(rows)
    for plural, names in wanted.items():
        key = plural.removesuffix("s")
        known = list(dict.fromkeys(getattr(row, key) for row in left))
        for name in names:
            if name not in known:
                near = nearest(name, known)
                raise UsageError(
                    f"there are no results of the {key} {name!r}",
                    help=f"did you mean {near}?" if near else f"there are: {', '.join(known) or 'none'}",
                )
        left = [row for row in left if not names or getattr(row, key) in names]
    return left

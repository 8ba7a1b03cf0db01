"""How the results of a page came about: when, by which versions, on which processors, from which commit and spec."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from lmcspec.plan import Plan
from lmcspec.report.tidy import Results
from lmcspec.spec import Loaded
from lmcspec.spec.toml_text import inline
from lmcspec.store import Store, Stored, invocations
from lmcspec.version import __version__

LISTED = 3
"""How many different values of a fact are told; more are counted."""


class SpecText(NamedTuple):
    """A text that is folded away: a file of the spec as it was written, or what came of all of them."""

    name: str
    text: str


class Origin(NamedTuple):
    """What a page says of how it came about."""

    facts: tuple[tuple[str, str], ...] = ()
    """(what, in words)."""
    commands: tuple[tuple[str, str], ...] = ()
    """(what for, what to type)."""
    texts: tuple[SpecText, ...] = ()


class Known(NamedTuple):
    """What those who make a page know of a study beside its plan and results."""

    title: str = ""
    source: str = ""
    spec: str = ""
    """As a command names it."""
    command: str = ""
    """What runs it."""
    page: str = ""
    """The command that makes the page."""
    runs: str = ""
    """The command that shows its runs, where MLflow has them in a database."""
    commits: tuple[str, ...] = ()
    """Of the folder of the spec, in the runs of the study, the last one first."""
    loaded: Loaded | None = None
    links: Mapping[str, str] = MappingProxyType({})
    """Task -> the page of its run on a tracking server."""


NOTHING = Known()


def origin_of(plan: Plan, store: Results, known: Known) -> Origin:
    """What the records of results tell, without the names of machines and people; then the commands and the spec."""
    results = [stored for task in plan.tasks if (stored := store.find(task)) is not None]
    facts = (
        ("results", _when(results)),
        ("computed by", _several(_versions(stored.record) for stored in results)),
        ("computed on", _several(_machine(stored.record) for stored in results)),
        ("commit of the spec", _first(known.commits)),
        ("page made by", f"lmcspec {__version__}"),
    )
    commands = (("make this page", known.page), ("run the study", known.command), ("see its runs", known.runs))
    return Origin(
        tuple((what, words) for what, words in facts if words),
        tuple((what, line) for what, line in commands if line),
        spec_texts(known.loaded) if known.loaded else (),
    )


def commits_of(store: Store, study: str) -> tuple[str, ...]:
    """The commits from which runs of a study began, the last one first; `with changes` where files differed from it."""
    origins = [run.origin for run in reversed(invocations(store)) if run.study == study]
    words = (f"{began['commit']}{' with changes' if began.get('dirty') else ''}" for began in origins if _commit(began))
    return tuple(dict.fromkeys(words))


def spec_texts(loaded: Loaded) -> tuple[SpecText, ...]:
    """The files of a spec as written, by their places beside it; then what they and what was set amount to."""
    folder = os.path.dirname(os.path.abspath(loaded.path))
    files = {str(path): os.path.relpath(os.path.abspath(path), folder) for path in loaded.files}
    texts = [SpecText(name, loaded.sources[path]) for path, name in files.items() if path in loaded.sources]
    for case in loaded.cases:
        called = f"the spec with all that it extends{f', case {case.name}' if case.name else ''}"
        texts.append(SpecText(called, toml(case.tree)))
    return tuple(texts)


def toml(tree: Mapping[str, Any]) -> str:
    """A resolved spec as TOML: a line for each value, a table for each table.

    >>> print(toml({"study": "x", "networks": {"dense": [], "imp[rewind=0]": [{"rounds": 2}]}}))
    study = "x"
    <BLANKLINE>
    [networks]
    dense = []
    "imp[rewind=0]" = [{ rounds = 2 }]
    """
    tables = {key: value for key, value in tree.items() if isinstance(value, Mapping)}
    blocks = [_lines({key: value for key, value in tree.items() if key not in tables})]
    blocks += [[f"[{_key(key)}]", *_lines(table)] for key, table in tables.items()]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {inline(value)}" for key, value in table.items() if value is not None]


def _key(key: str) -> str:
    """A key as TOML writes it: what stands before the sign in a table of one."""
    return inline({key: 0}).removeprefix("{ ").removesuffix(" = 0 }")


def _when(results: Iterable[Stored]) -> str:
    times = [stored.record.get("committed") for stored in results]
    known = [float(time) for time in times if isinstance(time, int | float)]
    if not known:
        return ""
    first, last = (f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}" for time in (min(known), max(known)))
    if first == last:
        return f"{first} UTC"
    return f"{first} to {last.removeprefix(f'{first[:10]} ')} UTC"


def _versions(record: Mapping[str, Any]) -> str:
    numerics = record.get("numerics", {})
    named = {"lmcspec": "lmcspec", "torch": "torch", "python": "Python"}
    return ", ".join(f"{called} {numerics[name]}" for name, called in named.items() if numerics.get(name))


def _machine(record: Mapping[str, Any]) -> str:
    """`cpu: AMD EPYC (AVX512), 16 cores, Linux`."""
    numerics, machine = record.get("numerics", {}), record.get("machine", {})
    cores, system = machine.get("cores"), str(machine.get("system") or "").partition("-")[0]
    device, processor = (str(numerics.get(name) or "") for name in ("device", "cpu"))
    parts = [device if device != "cpu" else "", processor, f"{cores:,} cores" if isinstance(cores, int) else "", system]
    return ", ".join(part for part in parts if part)


def _several(every: Iterable[str]) -> str:
    """What most of them say, with how many tasks do where not all say the same."""
    counted = Counter(words for words in every if words).most_common()
    if len(counted) < 2:
        return "".join(words for words, _ in counted)
    more = len(counted) - LISTED
    listed = "; ".join(f"{words} ({count:,} {'task' if count == 1 else 'tasks'})" for words, count in counted[:LISTED])
    return f"{listed}; and {more:,} more, see Numerics" if more > 0 else listed


def _first(commits: Sequence[str]) -> str:
    more = len(commits) - 1
    others = f"; {more:,} {'other' if more == 1 else 'others'} in earlier runs" if more > 0 else ""
    return f"{commits[0]}{others}" if commits else ""


def _commit(began: Mapping[str, Any]) -> bool:
    return isinstance(began.get("commit"), str) and bool(began["commit"])

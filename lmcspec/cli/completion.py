"""What may be typed next: specs, what is named in them, tasks of their plans and keys to set, for Typer to offer.

Each function here is given to an argument or option under `autocompletion`. They may fail and they may take long:
`lmcspec/cli/shells.py` sees to both.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from lmcspec.base.errors import LmcspecError
from lmcspec.cli.shells import TimeIsUp, can_be_offered, typed

if TYPE_CHECKING:
    from lmcspec.spec import Case
    from lmcspec.store import Store

MOST = 200
"""Names that are offered at once; more are folded at their next `/` or `.`."""
_ENDINGS = (".toml", ".yaml", ".yml")
_NO_SPECS = ("pyproject.toml",)
_SHORTEST_ID = 4


def specs(incomplete: str) -> list[str]:
    """Specs in the folder that is typed, folders in it, and specs that ship."""
    from lmcspec.spec import shipped

    return [*filter(can_be_offered, _files(incomplete)), *_starting(incomplete, shipped.names())]


def networks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Networks and families of the spec that was named."""
    return _starting(incomplete, _of_cases(ctx, _networks))


def measures(ctx: typer.Context, incomplete: str) -> list[str]:
    """Its measures."""
    return _starting(incomplete, _of_cases(ctx, lambda case: case.study.measures))


def figures(ctx: typer.Context, incomplete: str) -> list[str]:
    """Its figures."""
    return _starting(incomplete, _of_cases(ctx, lambda case: case.study.figures))


def templates(incomplete: str) -> list[str]:
    """Templates of `init`."""
    from lmcspec.spec.template_files import templates

    return _starting(incomplete, templates())


def cases(ctx: typer.Context, incomplete: str) -> list[str]:
    """The cases of its sweep."""
    return _starting(incomplete, _of_cases(ctx, lambda case: filter(None, (case.name,))))


def compared(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `compare` takes: networks, families, cases, and CASE/NETWORK."""
    return _starting(incomplete, _of_cases(ctx, _compared))


def targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `--target` takes: networks, measures, figures and tasks."""
    return _starting(incomplete, _with_tasks(ctx, incomplete, _of_cases(ctx, _targets)))


def tasks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Labels of tasks, and ids once some digits are typed."""
    return _starting(incomplete, _with_tasks(ctx, incomplete, ()))


def kinds(incomplete: str) -> list[str]:
    """Kinds of task."""
    from lmcspec.tasks import kinds

    return _starting(incomplete, kinds())


def kinds_and_tasks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Kinds of task, and labels."""
    from lmcspec.tasks import kinds

    return _starting(incomplete, _with_tasks(ctx, incomplete, kinds()))


def exported(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `export` takes: sets and tasks."""
    return _starting(incomplete, _with_tasks(ctx, incomplete, _of_cases(ctx, lambda case: case.study.distilled)))


def settings(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys for `--set`, each with `=` behind it."""
    return _starting(incomplete, [f"{path}=" for path in _paths(ctx)])


def explained(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `explain SPEC` takes next: keys of the spec and tasks of its plan."""
    return _starting(incomplete, _with_tasks(ctx, incomplete, _paths(ctx)))


def explainable(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `explain` takes first: specs, codes, and tasks that the store knows."""
    from lmcspec.base.codes import CODES

    known: list[str] = [*CODES] if incomplete[:1].isupper() else []
    if (store := _store(ctx)) is not None and not known:
        from lmcspec.plan.recorded import recorded_plans

        for _, plan in recorded_plans(store):
            known += _of_plan(incomplete, plan["roles"], plan["tasks"])
    return [*specs(incomplete), *_starting(incomplete, known)]


def studies(ctx: typer.Context, incomplete: str) -> list[str]:
    """Studies that the store keeps."""
    store = _store(ctx)
    if store is None:
        return []
    from lmcspec.store import recorded_studies

    return _starting(incomplete, recorded_studies(store))


def folded(names: Iterable[str], typed: str, most: int = MOST) -> list[str]:
    """The names that begin as typed; where these are too many, what they have in common up to a next `/` or `.`."""
    fitting = list(dict.fromkeys(name for name in names if name.startswith(typed) and can_be_offered(name)))
    depth = len(typed)
    while len(fitting) > most:
        cut = list(dict.fromkeys(_until(name, depth) for name in fitting))
        if len(cut) > 1:
            return cut[:most]
        if len(cut[0]) <= depth:
            return fitting[:most]
        depth = len(cut[0])
    return fitting


def _until(name: str, begin: int) -> str:
    """The name up to its first `/` or `.` from a place on, that included."""
    ends = [end for sign in "/." if (end := name.find(sign, begin)) >= 0]
    return name[: min(ends) + 1] if ends else name


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return folded(names, incomplete)


def _files(incomplete: str) -> Iterator[str]:
    folder, _, begun = incomplete.rpartition("/")
    prefix = f"{folder}/" if "/" in incomplete else ""
    try:
        entries = sorted(Path(prefix or ".").expanduser().iterdir())
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(begun) or (entry.name.startswith(".") and not begun):
            continue
        if entry.name.endswith(_ENDINGS) and entry.name not in _NO_SPECS:
            yield f"{prefix}{entry.name}"
        elif entry.is_dir():
            yield f"{prefix}{entry.name}/"


def _parsed(ctx: typer.Context) -> dict[str, Any]:
    """The arguments and options that stand before what is typed. An option that lacks its value hides all of them."""
    words, current = typed(os.environ)
    before = words[2:current]
    options = [place for place, word in enumerate(before) if word.startswith("-")]
    if options and len(before) - options[-1] <= _values(ctx, before[options[-1]]):
        del before[options[-1] :]
    return ctx.command.make_context(ctx.info_name, before, parent=ctx.parent, resilient_parsing=True).params


def _values(ctx: typer.Context, option: str) -> int:
    """How many values an option takes: none if it is a switch."""
    named = (param for param in ctx.command.params if option in param.opts)
    return next((0 if getattr(param, "is_flag", False) else param.nargs for param in named), 0)


def _given(ctx: typer.Context) -> tuple[Path, list[str]] | None:
    """The spec that was typed, of several the last, as B of `diff`, which --set is about; and what was set."""
    params = _parsed(ctx)
    for key in ("spec", "specs", "what", "b", "a"):
        if given := params.get(key):
            last = given[-1] if isinstance(given, list | tuple) else given
            return Path(last), [setting for setting in params.get("sets") or () if "=" in setting]
    return None


def _of_cases(ctx: typer.Context, names: "Callable[[Case], Iterable[str]]") -> list[str]:
    """Names in all cases of the spec that was typed; of one that is wrong none."""
    if (given := _given(ctx)) is None:
        return []
    from lmcspec.spec import load

    return list(dict.fromkeys(name for case in load(*given).cases for name in names(case)))


def _networks(case: "Case") -> Iterator[str]:
    yield from case.families
    yield from case.study.networks


def _compared(case: "Case") -> Iterator[str]:
    if case.name:
        yield case.name
    for name in _networks(case):
        yield name
        if case.name:
            yield f"{case.name}/{name}"


def _targets(case: "Case") -> Iterator[str]:
    yield from _networks(case)
    yield from case.study.measures
    yield from case.study.figures


def _paths(ctx: typer.Context) -> list[str]:
    """All keys of the spec that was typed, with those that are not written."""
    from lmcspec.spec.explain import leaves, value_of
    from lmcspec.spec.paths import dotted

    return _of_cases(ctx, lambda case: (dotted(path) for path, _ in leaves(value_of(case))))


def _with_tasks(ctx: typer.Context, incomplete: str, names: Iterable[str]) -> Iterator[str]:
    """Names, then the tasks of the spec that was typed. The time for a completion may end before they are known."""
    yield from names
    if (given := _given(ctx)) is None:
        return
    try:
        roles, ids = _planned(ctx, *given)
    except TimeIsUp:
        return
    yield from _of_plan(incomplete, roles, ids)


def _planned(ctx: typer.Context, spec: Path, sets: list[str]) -> tuple[Iterable[str], Iterable[str]]:
    """(labels, ids) of a study by its recorded plan, which is read at once, else by a plan that is made now."""
    from lmcspec.plan.planned_study import plan_study, read_study
    from lmcspec.spec import load
    from lmcspec.store import last_plan

    store = _store(ctx)
    if spec.suffix == ".json":
        plan = read_study(spec, [], store).plan
        return plan.roles, plan.tasks
    loaded = load(spec, sets)
    if store is not None and not sets and (document := last_plan(store, loaded.name)) is not None:
        return document["roles"], document["tasks"]
    plan = plan_study(loaded, store).plan
    return plan.roles, plan.tasks


def _of_plan(incomplete: str, roles: Iterable[str], ids: Iterable[str]) -> list[str]:
    return [*roles, *(ids if len(incomplete) >= _SHORTEST_ID else ())]


def _store(ctx: typer.Context) -> "Store | None":
    """The store that is meant; None where there is none, or one that can't be read."""
    from lmcspec.cli.stores import open_existing

    given = _parsed(ctx).get("store")
    try:
        return open_existing(Path(given) if given else None)
    except LmcspecError:
        return None

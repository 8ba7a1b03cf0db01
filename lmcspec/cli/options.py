"""Options that several commands share."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.spec import Loaded
    from lmcspec.store import Store

DEFAULT_STORE = ".lmcspec"
LONGEST_NAME = 255
LONGEST_PATH = 4000
"""Bytes, as Linux has them, with some left for what lies below."""

SpecArgument = Annotated[Path, typer.Argument(metavar="SPEC", help="A study in TOML or YAML.", show_default=False)]
SetOption = Annotated[
    list[str], typer.Option("--set", metavar="PATH=VALUE", help="Override a value of the spec: recipes.real.batch=64.")
]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", envvar="LMCSPEC_STORE", help="Folder of results.", show_default=DEFAULT_STORE),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-store",
        envvar="LMCSPEC_TRUST_STORE",
        help="Don't compare what is read from the store with its digests.",
    ),
]
MaxTasksOption = Annotated[
    int, typer.Option("--max-tasks", min=1, max=1_000_000, help="Refuse studies with more tasks.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=1024, help="Slots; by default one per GPU, or per core without one."),
]
ForceOption = Annotated[
    list[str],
    typer.Option("--force", metavar="TASK", help="Run again: an id's first digits or a label such as imp/s0/l3/train."),
]


def store_path(given: Path | None) -> Path:
    """The folder of the store: `--store`, LMCSPEC_STORE, or .lmcspec here."""
    return possible(given or Path(DEFAULT_STORE))


def possible(path: Path) -> Path:
    """The path itself; UsageError where no file system has such a name."""
    from lmcspec.base.errors import UsageError

    text = os.fspath(path)
    shown = text if len(text) < 100 else f"{text[:100]}…"
    if "\0" in text:
        raise UsageError(f"{shown} is no path: it holds a NUL")
    if len(os.fsencode(text)) > LONGEST_PATH or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise UsageError(f"{shown} is too long for a path", help=f"names have at most {LONGEST_NAME} bytes")
    return path


def open_existing(given: Path | None, trusted: bool = False) -> "Store | None":
    """The store if there is one; None where nothing has been run yet. Makes nothing."""
    path = store_path(given)
    if not path.exists():
        return None
    from lmcspec.store import Store

    return Store.open(path, create=False, trusted=trusted)


def spelled(command: str, spec: Path, sets: Sequence[str]) -> str:
    """The command as it can be typed again: with its spec, and what was set."""
    return " ".join([*command.split(), shlex.join([str(spec), *(word for one in sets for word in ("--set", one))])])


def needed_store(given: Path | None, trusted: bool = False) -> "Store":
    """The store, for a command that makes no sense without one. Raises StoreError where there is none."""
    from lmcspec.base.errors import StoreError

    existing = open_existing(given, trusted)
    if existing is None:
        raise StoreError(
            f"there is no store at {store_path(given)}",
            help="`lmcspec run SPEC` makes one; name an existing one with --store or LMCSPEC_STORE",
        )
    return existing


def read_plan(spec: Path, sets: list[str], max_tasks: int, store: "Store | None") -> "Plan":
    """The plan of a spec, or a saved plan where the file is one."""
    return read_study(spec, sets, max_tasks, store)[0]


def read_study(
    spec: Path, sets: list[str], max_tasks: int, store: "Store | None"
) -> "tuple[Plan, dict[str, Any] | None]":
    """The plan of a spec and its cases with all defaults, or a saved plan and nothing."""
    loaded, plan = read_loaded(spec, sets, max_tasks, store)
    return plan, None if loaded is None else {case.name: case.study.model_dump(mode="json") for case in loaded.cases}


def read_loaded(spec: Path, sets: list[str], max_tasks: int, store: "Store | None") -> "tuple[Loaded | None, Plan]":
    """A spec and its plan, or nothing and a saved plan."""
    from lmcspec.base.errors import UsageError

    if spec.suffix == ".json":
        from lmcspec.plan.saved import read_saved

        if sets:
            raise UsageError("--set changes a spec, not a saved plan", help="make the plan again with --set")
        return None, read_saved(spec)
    from lmcspec.plan import compile_study
    from lmcspec.spec import load

    loaded = load(spec, sets)
    facts = store.root / "facts" if store is not None else None
    return loaded, compile_study(loaded, max_tasks=max_tasks, facts_folder=facts)


def slots(workers: int | None) -> int:
    """How many tasks run at a time on this machine."""
    return workers or os.cpu_count() or 1

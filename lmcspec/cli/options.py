"""Options that several commands share."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.base.typed_words import study_words
from lmcspec.cli import completion
from lmcspec.cli.stores import DEFAULT_STORE, open_existing, store_path, store_words

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.plan.chosen import Chosen, Figures
    from lmcspec.plan.cost import Pace
    from lmcspec.plan.simulate import Slots
    from lmcspec.spec import Loaded
    from lmcspec.store import Store


def name_file(given: Path | list[Path] | None) -> Path | list[Path] | None:
    """Say which file is read where a spec is called by a name. What is wrong with it is said when it is read."""
    for spec in [given] if isinstance(given, Path) else given or ():
        if not spec.suffix:
            from lmcspec.cli.called import say_file

            say_file(spec)
    return given


SpecArgument = Annotated[
    Path,
    typer.Argument(
        metavar="SPEC",
        help="A study in TOML or YAML, or the name of one that ships.",
        show_default=False,
        callback=name_file,
        autocompletion=completion.specs,
    ),
]
SpecsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="SPEC...",
        help="A study in TOML or YAML, or the name of one that ships; several share the devices.",
        show_default=False,
        callback=name_file,
        autocompletion=completion.specs,
    ),
]
SetOption = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override a value of the spec: recipes.real.batch=64.",
        autocompletion=completion.settings,
    ),
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
MOST_TASKS = 100_000
"""Tasks of a study, unless told."""
MaxTasksOption = Annotated[
    int, typer.Option("--max-tasks", min=1, max=1_000_000, help="Refuse studies with more tasks.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=1024, help="Slots; by default one per GPU, or per core without one."),
]
DevicesOption = Annotated[
    str,
    typer.Option(
        "--devices",
        metavar="WHICH",
        help='Which GPUs and CPU slots: "gpu", "0,1", "gpu/2, 4 x cpu".',
        show_default=False,
    ),
]
MaxParallelOption = Annotated[
    int | None, typer.Option("--max-parallel", min=1, metavar="N", help="Run no more tasks than this at a time.")
]
TargetOption = Annotated[
    list[str],
    typer.Option(
        "--target",
        metavar="NAME",
        help="Only what a network, measure, figure or task needs; repeat for more.",
        autocompletion=completion.targets,
    ),
]
UntilOption = Annotated[
    list[str],
    typer.Option(
        "--until",
        metavar="LEVEL|KIND",
        help="Nothing over this level, or after tasks of this kind.",
        autocompletion=completion.kinds,
    ),
]
OnlyOption = Annotated[
    list[str],
    typer.Option(
        "--only",
        metavar="GLOB",
        help="Only tasks of this kind or label: train, 'imp/*/l3/*'.",
        autocompletion=completion.kinds_and_tasks,
    ),
]
FailedOption = Annotated[bool, typer.Option("--failed", help="Only what failed last time, and what waits for it.")]
ForceOption = Annotated[
    list[str],
    typer.Option(
        "--force",
        metavar="TASK",
        help="Run again: an id's first digits or a label such as imp/s0/l3/train.",
        autocompletion=completion.tasks,
    ),
]


def spelled(command: str, specs: Sequence[Path], sets: Sequence[str], more: Sequence[str] = ()) -> str:
    """The command as it can be typed again: with its specs, what was set, and more words."""
    return shlex.join([*command.split(), *study_words(specs, sets), *more])


def spelled_at(
    command: str, specs: Sequence[Path], sets: Sequence[str], store: Path | None, more: Sequence[str] = ()
) -> str:
    """The same with `--store`, where that was given and the environment doesn't say it."""
    return spelled(command, specs, sets, [*store_words(store), *more])


def limit_words(max_tasks: int) -> list[str]:
    """What lets a command be about so many tasks; nothing where that goes without saying."""
    return [] if max_tasks == MOST_TASKS else ["--max-tasks", str(max_tasks)]


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


def chosen(targets: list[str], until: list[str], only: list[str], failed: bool) -> "Chosen | None":
    """The part of a plan that options ask for; None where that is all."""
    if not (targets or until or only or failed):
        return None
    from lmcspec.plan.chosen import Chosen

    return Chosen(tuple(targets), tuple(until), tuple(only), failed)


def figures(chosen: "Chosen | None", plan: "Plan", several: Sequence["Loaded | None"]) -> "Figures":
    """What may be asked for by the name of a figure, where anything is, of the specs that the plan was made of."""
    if chosen is None or not chosen.targets:
        return {}
    from lmcspec.plan.figures_chosen import figures_of
    from lmcspec.plan.together import figures_together

    return figures_together(plan, [figures_of(loaded) for loaded in several])


def first_pace() -> "Pace":
    """How tasks are timed on this machine where nothing like them has run: as a CPU, for that needs no looking."""
    from lmcspec.plan.cost import Pace
    from lmcspec.plan.speeds import estimate, speed

    known = speed("cpu")
    return Pace("", None if known is None else estimate(known))


def slots(workers: int | None, devices: str = "", most: int | None = None) -> "Slots":
    """How many tasks run at a time on this machine."""
    from lmcspec_runners.counting import slots_here

    return slots_here(workers, devices)._replace(most=most)


def refuse_without_study(command: str, **given: object) -> None:
    """UsageError for options that are about a study where none is named: left unread they would mislead."""
    for name, value in given.items():
        if value:
            from lmcspec.base.errors import UsageError

            raise UsageError(f"--{name} is about a study", help=f"lmcspec {command} --{name} …")

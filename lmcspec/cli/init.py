"""`lmcspec init`: a commented spec, or a package of one's own, to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from lmcspec.cli import completion
from lmcspec.cli.output import Format, console, envelope, fit, put, say


def init(
    template: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEMPLATE]",
            help="Which; without it all are listed.",
            show_default=False,
            autocompletion=completion.templates,
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="The file or folder to write: TEMPLATE.toml here unless told. The study gets its name.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
) -> None:
    """Write a commented spec that runs within a minute on data that lmcspec has, or a package of one's own cards.

    Nothing is overwritten.
    """
    from lmcspec.spec.template_files import PLUGIN, default_path, templates, write_package, write_spec

    if template is None:
        _list(templates(), format)
        return
    if template not in templates():
        raise _unknown(template, list(templates()))
    place = path or default_path(template)
    written = write_package(place) if template == PLUGIN else write_spec(template, place)
    commands = _for_package(written) if template == PLUGIN else _for_spec(written)
    if format is Format.json:
        put(envelope("init", True, {"template": template, "written": str(written), "next": list(commands)}))
        return
    put(written)
    _say_next(commands)


def _say_next(commands: dict[str, str]) -> None:
    """Each command with why behind it, or above it where a terminal has no room."""
    width = max(map(len, commands))
    lines = [f"{'next:' if not number else '':5} {command:{width}}" for number, command in enumerate(commands)]
    reasons = [f"# {why}" for why in commands.values()]
    if fit(f"{line}  {why}" for line, why in zip(lines, reasons, strict=True)):
        for line, why in zip(lines, reasons, strict=True):
            say("", f"{line}  {why}")
        return
    for number, (command, why) in enumerate(commands.items()):
        say(f"{'next' if not number else 'then'}: {why}")
        say("", f"  {command}")


def _list(templates: dict[str, str], format: Format) -> None:
    if format is Format.json:
        listed = [{"name": name, "about": about} for name, about in templates.items()]
        put(envelope("init", True, {"templates": listed}))
        return
    from lmcspec.base.grid import Column, Grid

    console().print(Grid((Column("", names=True), Column("")), list(templates.items())))
    say("next: lmcspec init TEMPLATE")


def _unknown(template: str, known: list[str]) -> Exception:
    from lmcspec.base.errors import UsageError
    from lmcspec.catalog import nearest

    near = nearest(template, known)
    return UsageError(
        f"there is no template {template!r}", help=f"did you mean {near}?" if near else f"there are {', '.join(known)}"
    )


def _for_spec(path: Path) -> dict[str, str]:
    """What to type next, and why."""
    from lmcspec.cli.options import spelled

    return {
        spelled("lmcspec plan", [path], []): "what would run, and what it takes",
        spelled("lmcspec run", [path], []): "run it, and print the results",
        spelled("lmcspec report", [path], []): "a page with verdicts and figures",
    }


def _for_package(path: Path) -> dict[str, str]:
    from lmcspec.cli.options import spelled
    from lmcspec.spec.template_files import study_of_package

    return {
        spelled("uv pip install -e", [path], []): "makes its cards known; pip does it as well",
        spelled("lmcspec run", [path / study_of_package()], []): "a study that uses them by name",
        spelled("pytest", [path], []): "its tests",
    }

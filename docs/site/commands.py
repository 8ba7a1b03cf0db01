"""Pages of the command line: every command with its options, and the exit codes."""

import re
from collections.abc import Iterator
from typing import Any

import click
import typer.main

from docs.site.markdown import anchor, block, code, page, table
from lmcspec.base import errors
from lmcspec.cli.app import COMMANDS, build

_CODE = re.compile(r"(\d+) ([^,.]+)")
_PARAGRAPH = re.compile(r"\n{2,}")


def pages() -> Iterator[tuple[str, str]]:
    """(path, text) of both pages."""
    program = build()
    group = typer.main.get_command(program)
    yield "reference/commands.md", _commands(group)
    yield "reference/exit-codes.md", _exits(str(group.epilog))


def _commands(group: Any) -> str:
    rows = [(f"[{name}](#{anchor(name)})", _sentence(group.commands[name])) for name in COMMANDS]
    return page(
        "# Commands",
        "What `lmcspec COMMAND --help` says. Answers go to standard output and talk to standard error; `--format json` "
        "prints one document with `schema`, `command`, `ok`, `data` and `errors`.",
        table(("command", "what it does"), rows),
        *(_command(group.commands[name]) for name in COMMANDS),
    )


def _sentence(command: click.Command) -> str:
    return _PARAGRAPH.split(command.help or "")[0]


def _command(command: click.Command) -> str:
    context = command.make_context(str(command.name), [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    records = {each.param_type_name: [] for each in command.params}
    for each in command.params:
        records[each.param_type_name].append(_record(each, context))
    return page(
        f"## {command.name} {{ #{anchor(str(command.name))} }}",
        command.help or "",
        block(f"lmcspec {command.name} {usage}"),
        table(("argument", "what it is", ""), records.get("argument", ())) if "argument" in records else "",
        table(("option", "what it does", "default, limits, environment"), records.get("option", ())),
    )


def _record(parameter: click.Parameter, context: click.Context) -> tuple[str, str, str]:
    """What the help of a command says of a parameter: its names and what it takes, what it does, and the rest."""
    names, text = parameter.get_help_record(context) or (parameter.make_metavar(context), "")
    said, _, more = text.partition("  [")
    said, more = (said, more) if more else ("", text) if text.startswith("[") else (text, "")
    return code(names), said, more.removeprefix("[").removesuffix("]")


def _exits(epilog: str) -> str:
    """What the help of the program says of exit codes, with the errors that end in each."""
    told = dict(_CODE.findall(epilog))
    rows = [(code(number), meaning.strip(), _errors(int(number))) for number, meaning in told.items()]
    return page(
        "# Exit codes",
        "Every command ends with one of these. Scripts can rely on them; they keep their meanings.",
        table(("code", "meaning", "errors"), rows),
    )


def _errors(number: int) -> str:
    """What the classes of errors that end in a code say of themselves."""
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.LmcspecError)
    ]
    said = [(each.__doc__ or "").partition("\n\n")[0] for each in classes if each.exit_code == number]
    return " ".join(" ".join(text.split()) for text in said if number > 1) or "–"

"""The `lmcspec` command: its sub-commands, and what becomes of errors."""

import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

import typer

from lmcspec.base.errors import LmcspecError, UsageError
from lmcspec.cli.help_page import Command, Group, first_sentence, settings
from lmcspec.cli.output import columns
from lmcspec.cli.talking import talking

COMMANDS = (
    *("plan", "run", "status", "explain", "compare", "diff", "results", "report", "export", "import"),
    *("init", "specs", "pack", "unpack", "schema", "sync", "ui", "verify", "doctor", "forget", "gc"),
)
"""Each is a module beside this one with a function of its name; `import`, a word of Python's, is `import_`."""


UNWRITTEN = 4
"""The exit code where the answer could not be written."""


def build(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """The program with these commands; their modules are imported now."""
    app = typer.Typer(
        name="lmcspec",
        cls=Group,
        context_settings=settings(columns(sys.stdout)),
        help="Studies of sparse networks as specs: see what would run, run it, read the results.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        epilog="Exit: 0 done, 1 tasks failed, 2 usage or spec, 3 plan has changes (--detailed-exitcode), "
        "4 store or stale plan, 5 blocked or infeasible, 6 tracking unreachable, 130 interrupted.",
    )
    for name in commands:
        called = f"{name}_" if iskeyword(name) else name
        function = getattr(import_module(f"lmcspec.cli.{called}"), called)
        app.command(name, cls=Command, short_help=first_sentence(function.__doc__))(talking(function))
    app.callback(invoke_without_command=True)(_version)
    return app


def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from lmcspec.version import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code. No error that a user can cause ends in a traceback."""
    from lmcspec.base.loudness import Loudness
    from lmcspec.base.surroundings import settle
    from lmcspec.cli.output import complain, set_loudness, show_warnings
    from lmcspec.cli.shells import answer, is_asked
    from lmcspec.cli.written import written

    settle()
    if is_asked():
        sys.exit(answer(COMMANDS, build))
    set_loudness(Loudness.USUAL)
    show_warnings()
    words = sys.argv[1:] if arguments is None else arguments
    with written() as output:
        code = _run(words)
        output.flush()
        if output.trouble:
            complain(f"error: the answer could not be written: {output.trouble}")
            code = code or UNWRITTEN
    sys.exit(code)


def _no_command(words: list[str]) -> UsageError:
    """What is said of a first word that is no command."""
    from difflib import get_close_matches

    first, *others = words
    near = get_close_matches(first.lower(), COMMANDS, n=1)
    if first == "help":
        help = f"lmcspec {others[0]} --help" if others and others[0] in COMMANDS else "lmcspec --help"
    elif first.endswith((".toml", ".yaml", ".yml", ".json")):
        command = others[0] if others and others[0] in COMMANDS else "plan"
        help = f"the command comes first: lmcspec {command} {first}"
    else:
        help = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(COMMANDS)}"
    return UsageError(f"there is no command {first!r}", help=help)


def _run(words: list[str]) -> int:
    """The exit code of a command."""
    from lmcspec.cli.output import complain, report_error

    # Starting up has a budget, and only what is asked for has to be there.
    asked = COMMANDS if not words or words[0] not in COMMANDS else words[:1]
    try:
        if words and not words[0].startswith("-") and words[0] not in COMMANDS:
            raise _no_command(words)
        build(asked)(words, prog_name="lmcspec", standalone_mode=True)
    except LmcspecError as error:
        report_error(error, words)
        return error.exit_code
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0

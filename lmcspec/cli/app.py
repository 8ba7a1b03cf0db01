"""The `lmcspec` command: its sub-commands, and what becomes of errors."""

import sys

import typer

from lmcspec.base.errors import LmcspecError
from lmcspec.cli import diff, explain, plan, report, results, run, schema, status, sync, ui, verify

app = typer.Typer(
    name="lmcspec",
    help="Studies of sparse networks as specs: see what would run, run it, read the results.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="Exit: 0 done, 1 tasks failed, 2 usage or spec, 3 plan has changes (--detailed-exitcode), "
    "4 store or stale plan, 5 blocked or infeasible, 130 interrupted.",
)
app.command("plan")(plan.plan)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("explain")(explain.explain)
app.command("diff")(diff.diff)
app.command("report")(report.report)
app.command("results")(results.results)
app.command("schema")(schema.schema)
app.command("sync")(sync.sync)
app.command("ui")(ui.ui)
app.command("verify")(verify.verify)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from lmcspec import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code. No error that a user can cause ends in a traceback."""
    try:
        app(arguments, prog_name="lmcspec", standalone_mode=True)
    except LmcspecError as error:
        from lmcspec.cli.output import report_error

        report_error(error, sys.argv[1:] if arguments is None else arguments)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)

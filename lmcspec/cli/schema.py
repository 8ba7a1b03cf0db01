"""`lmcspec schema`: the JSON Schema of a spec."""

import json

import typer


def schema() -> None:
    """Print the JSON Schema of a spec, with the names of everything registered, for editors and checkers."""
    from lmcspec.spec.json_schema import schema as json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))

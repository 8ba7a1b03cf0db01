"""`lmcspec schema`: the JSON Schema of a spec."""

from lmcspec.base.visible import visible_json
from lmcspec.cli.output import put


def schema() -> None:
    """Print the JSON Schema of a spec, with the names of everything registered, for editors and checkers."""
    from lmcspec.spec.json_schema import schema as json_schema

    put(visible_json(json_schema(), indent=2))

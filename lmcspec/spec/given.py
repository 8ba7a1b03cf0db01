"""What can be said of weights and masks from files before any is read: names, and where in a network they stand."""

from lmcspec.spec.names import Names
from lmcspec.spec.paths import Path
from lmcspec.spec.tree import Node
from lmcspec.spec.unknown import unknown_name

_TABLES = {"weights": ("weights", "E218", "set of weights"), "mask": ("masks", "E219", "mask")}
"""Key of a stage -> the table of the study, and the code and the word for a name that isn't there."""
_OF_PRUNING = ("rounds", "sparsity", "fraction", "fraction_of", "exact", "iterative", "criterion", "scope", "exclude")


def check_given(names: Names, path: Path, stage: Node) -> None:
    """Note names that stand for nothing, and keys that don't go with a mask or weights of a file."""
    for key, (table, code, word) in _TABLES.items():
        if (node := stage.get(key)) is None or not isinstance(node.value, str):
            continue
        known = list(names.of(table))
        if node.value not in known:
            names.problems.append(unknown_name(code, word, node.value, known, (*path, key), names.origins))
        if path[-1] != 0:
            message = f"`{key}` says what a network starts with, and this stage goes on from the one before"
            names.problem("E117", message, (*path, key), key=True, help="say it in the first stage")
    if stage.get("mask") is not None:
        for key in (*_OF_PRUNING, "shuffle"):
            if (other := stage.get(key)) is not None and other.source != "preset":
                message = f"a stage that takes a mask prunes nothing, so it has no `{key}`"
                names.problem("E117", message, (*path, key), key=True, help="prune on in a stage after it")

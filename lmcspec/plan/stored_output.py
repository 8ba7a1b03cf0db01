"""The files of a task of a plan, whole, for those who hand them on."""

import shlex

from lmcspec.base.errors import BlockedError, StoreError
from lmcspec.plan.graph import Plan
from lmcspec.store import Store, Stored, verify


def stored_output(store: Store, plan: Plan, task: str, called: str, role: str, run: str) -> Stored:
    """The result of a task with all its files; `called` is what people know it by, `run` the study's command.

    StoreError where it is not there as it was committed, BlockedError where its data are not here.
    """
    if task in plan.unknown:
        raise BlockedError(next(iter(plan.missing.values())), help="a task goes by the digest of its real images")
    stored = store.find(task)
    if stored is None:
        raise StoreError(f"{called} is not in the store {store.root}", help=f"{run} makes it")
    damage = [f"{piece.path} is {piece.problem}" for piece in verify(store, [task]) if piece.part == "result"]
    if not stored.has_outputs:
        damage.append("its files have been dropped")
    if damage:
        raise StoreError(
            f"{called} can't be read in the store {store.root}: {damage[0]}",
            help=f"{run} --force {shlex.quote(role)} makes it again",
        )
    return stored

"""`lmcspec gc --objects URL`: delete at a URL what this store's studies have given up."""

from collections import Counter
from typing import TYPE_CHECKING

from lmcspec.cli.output import Format, console, envelope, put, say

if TYPE_CHECKING:
    from lmcspec.plan.unneeded import Wish
    from lmcspec.store import Store


def collect_objects(store: "Store", url: str, wish: "Wish", yes: bool, again: str, format: Format) -> None:
    """Show what of the URL would go, or delete it, which the command `again` does.

    UsageError for what a URL can't be asked.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.plan.given_up import given_up
    from lmcspec.store.remote import Remote
    from lmcspec.store.remote_gc import delete_objects
    from lmcspec.store.remote_objects import remote_ids

    if wish.older is not None or wish.to is not None or wish.checkpoints is not None:
        raise UsageError(
            "--older, --to and --checkpoints are about the store: of objects at a URL neither age nor size is known",
            help="lmcspec gc --objects URL --study STUDY",
        )
    remote = Remote.at(url)
    whose, there = given_up(store, wish), remote_ids(remote)
    going = [identifier for identifier in there if identifier in whose]
    if yes:
        delete_objects(remote, going)
    if format is Format.json:
        put(envelope("gc", True, {"deleted": yes, "url": remote.url, "objects": len(there), "pieces": going}))
        return
    if not going:
        console().print(f"Nothing to delete of {len(there):,} objects at {remote.url}: no study here has given any up.")
        return
    counts = Counter(whose[identifier] for identifier in going)
    told = "; ".join(f"{words}: {count:,}" for words, count in counts.most_common())
    console().print(
        f"{len(going):,} of {len(there):,} objects at {remote.url} {'were deleted' if yes else 'would go'}  ({told})",
        markup=False,
    )
    if not yes:
        say("Nothing was deleted. To delete it:", again)

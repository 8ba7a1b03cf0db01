"""What the studies of a store once asked for and no kept one needs: all of a URL that this store can call unneeded."""

from lmcspec.plan.needs import read_needs
from lmcspec.plan.unneeded import Wish, check_studies
from lmcspec.store import Store
from lmcspec.store.room import room


def given_up(store: Store, wish: Wish) -> dict[str, str]:
    """Of each task that was given up for whom it was, in words: a study that was forgotten, or earlier plans of one.

    Of `wish` its studies count. Whoever else shares a URL may need what this store doesn't; that nobody knows here.
    Raises UnknownNeedsError, and UsageError for a study that there isn't.
    """
    needs, held = read_needs(store), room(store)
    check_studies(wish, held, needs)
    asked = frozenset().union(*(forgotten.tasks for forgotten in needs.forgotten.values()))
    whose: dict[str, str] = {}
    for task in (asked | held.results.keys()) - needs.tasks:
        asking = needs.gave_up(task)
        made_by = held.results[task].study if task in held.results else ""
        studies = asking or ([made_by] if made_by else [])
        if studies and wish.means(studies, made_by):
            whose[task] = f"{', '.join(studies)}, {'forgotten' if asking else 'earlier plans'}"
    return whose

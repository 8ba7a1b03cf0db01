"""What the studies of a store once asked for and no kept one needs: all of a URL that this store can call unneeded."""

from lmcspec.plan.needs import read_needs
from lmcspec.plan.unneeded import Wish, check_studies, unneeded
from lmcspec.store import Store
from lmcspec.store.room import room


def given_up(store: Store, wish: Wish) -> dict[str, str]:
    """Of each task that was given up for whom it was, in words: a study that was forgotten, or earlier plans of one.

    Of `wish` its studies count. Whoever else shares a URL may need what this store doesn't; that nobody knows here.
    Raises UnknownNeedsError, and UsageError for a study that there isn't.
    """
    needs, held = read_needs(store), room(store)
    check_studies(wish, held, needs)
    whose = {task: (study, True) for study, forgotten in needs.forgotten.items() for task in forgotten.tasks}
    for leaving in unneeded(held, needs):
        if leaving.piece.what == "result" and leaving.studies:
            whose.setdefault(leaving.piece.id, (leaving.studies[0], leaving.forgotten))
    return {
        task: f"{study}, {'forgotten' if forgotten else 'earlier plans'}"
        for task, (study, forgotten) in whose.items()
        if task not in needs.tasks and (not wish.studies or study in wish.studies) and study not in wish.spared
    }

"""`plan --facts`: build each model on torch's meta device and remember its shapes and arithmetic in the store."""

from pathlib import Path


def take_facts(spec: Path, sets: list[str], store: Path, max_tasks: int) -> int:
    """Take the facts of a study's models that are not known yet; how many. Imports torch."""
    from lmcspec.plan.facts import data_facts
    from lmcspec.plan.model_facts import known_facts, take
    from lmcspec.plan.settings import model_part
    from lmcspec.spec import load
    from lmcspec.store import Store, remember

    opened = Store.open(store)
    taken = 0
    for case in load(spec, sets).cases:
        facts = data_facts(case.study.dataset, spec.parent).facts
        part = model_part(case.study.model, facts)
        if known_facts(part, opened.root / "facts") is None:
            remember(opened, part.digest, take(part))
            taken += 1
    return taken

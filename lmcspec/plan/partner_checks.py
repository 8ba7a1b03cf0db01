"""Partners: replicates that are compared with each other, held against what asks for them."""

from collections.abc import Iterator

from lmcspec.base.errors import Problem
from lmcspec.catalog import MeasureCard, get
from lmcspec.catalog.measures.landscape import Landscape
from lmcspec.spec import Case
from lmcspec.spec.paths import Path
from lmcspec.spec.study import Alignment, Like


def partner_problems(case: Case) -> Iterator[Problem]:
    """What asks for partners where a study has none, or another number of them."""
    study = case.study
    if study.replicates % study.partners:
        more = study.replicates + study.partners - study.replicates % study.partners
        message = f"{study.replicates} replicates can't be taken {study.partners} at a time"
        yield case.origins.problem("E440", message, ("partners",), help=f"say `replicates = {more}`")
    for path, what, needed in _asking(case):
        if study.partners not in needed:
            have = "has no partners" if study.partners == 1 else f"has {study.partners} partners"
            help = (
                f"say `partners = {needed[0]}` and `replicates = {needed[0] * max(1, study.replicates // needed[0])}`"
            )
            yield case.origins.problem("E440", f"{what}, and the study {have}", path, at="key", help=help)


def _asking(case: Case) -> Iterator[tuple[Path, str, tuple[int, ...]]]:
    """(place, what it asks for in words, the numbers of partners that will do)."""
    for name, settings in case.study.permutations.items():
        assert isinstance(settings, Alignment)
        family = name.partition("[")[0]  # of all members it is said once
        if settings.via is None:
            yield ("permutations", name), f"`{family}` aligns two replicates", (2, 3)
        else:
            yield ("permutations", name, "via"), f"`{family}` goes by way of a third replicate", (3,)
    for name, network in case.study.networks.items():
        if isinstance(network, Like) and network.mask_from == "partner":
            yield ("networks", name, "mask_from"), f"`{name}` takes the masks of the other of two", (2,)
    for name, measure in case.study.measures.items():
        card = get("measure", getattr(measure, "kind", name))
        assert isinstance(card, MeasureCard)
        if card.of_partners:
            yield ("measures", name), f"`{name}` compares replicates", (2, 3)
        for key in ("anchors", "project") if isinstance(measure, Landscape) else ():
            for place, anchor in enumerate(getattr(measure, key)):
                if whose := getattr(anchor, "partner", None):
                    needed = (3,) if whose == "third" else (2, 3)
                    yield ("measures", name, key, place), f"`{name}` looks at the {whose} partner", needed

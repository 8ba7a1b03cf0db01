"""What finding masks takes, in lines for people and as plain data."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lmcspec.base.sizes import in_thousands
from lmcspec.base.word_lists import joined
from lmcspec.plan.graph import Plan
from lmcspec.plan.mask_cost import Seen, mask_costs


def mask_lines(plan: Plan) -> Iterator[str]:
    """A line for each case: what the last mask of each network takes, families that take the same together."""
    cases: dict[str, dict[str, list[Seen]]] = {}
    for cost in mask_costs(plan, last=True):
        cases.setdefault(cost.case, {}).setdefault(cost.network.partition("[")[0], []).append(cost.seen)
    for case, families in cases.items():
        alike: dict[str, list[str]] = {}
        for name, members in families.items():
            label = f"{name} ({len(members)})" if len(members) > 1 else name
            alike.setdefault(_in_words(members), []).append(label)
        said = "; ".join(f"{', '.join(names)} {words}" for words, names in alike.items())
        yield f"{case}: to find the last mask: {said}" if case else f"to find the last mask: {said}"


def mask_documents(plan: Plan) -> list[dict[str, Any]]:
    """The images and updates that finding each measured mask takes, as plain data."""
    return [
        {
            "case": cost.case,
            "network": cost.network,
            "level": cost.level,
            "sparsity": cost.sparsity,
            "unpacked": cost.seen.unpacked,
            "stored": cost.seen.stored,
            "making": cost.seen.making,
            "files": list(cost.seen.files),
        }
        for cost in mask_costs(plan)
    ]


def _in_words(members: Sequence[Seen]) -> str:
    """The images that the masks of a family take."""
    files = sorted({file for seen in members for file in seen.files})
    elsewhere = f"the {joined(files)} from a file"
    if not any(seen.unpacked for seen in members):
        return f"unknown, {elsewhere}" if files else "none"
    said = _span(seen.unpacked for seen in members)
    if any(seen.stored != seen.unpacked for seen in members):
        said += f" unpacked, {_span(seen.stored for seen in members)} as stored"
    else:
        said += " images"
    if any(seen.making is None for seen in members):
        said += ", its set from a file"
    elif any(seen.making for seen in members):
        said += f", and {_span(seen.making or 0 for seen in members)} to make its set"
    return f"{said}, without what {elsewhere} took" if files else said


def _span(counts: Iterable[int]) -> str:
    """The range of some counts: `52,000`, or `2.35 M to 9 M` where they differ."""
    ordered = sorted(counts)
    return " to ".join(dict.fromkeys(map(_short, (ordered[0], ordered[-1]))))


def _short(count: int) -> str:
    """The count in full up to a million, then with three digits."""
    return f"{count:,}" if count < 10**6 else in_thousands(count / 10**6, ("M", "G", "T"))

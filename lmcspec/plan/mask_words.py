"""What finding masks takes, in lines for people and as plain data."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lmcspec.plan.graph import Plan
from lmcspec.plan.mask_cost import Seen, mask_costs

UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def mask_lines(plan: Plan) -> Iterator[str]:
    """A line for each case: what the last mask of each network takes, families that take the same together."""
    cases: dict[str, dict[str, list[Seen]]] = {}
    for one in mask_costs(plan, last=True):
        cases.setdefault(one.case, {}).setdefault(one.network.partition("[")[0], []).append(one.seen)
    for case, families in cases.items():
        alike: dict[str, list[str]] = {}
        for name, members in families.items():
            label = f"{name} ({len(members)})" if len(members) > 1 else name
            alike.setdefault(_in_words(members), []).append(label)
        said = "; ".join(f"{', '.join(names)} {words}" for words, names in alike.items())
        yield f"{case}: to find the last mask: {said}" if case else f"to find the last mask: {said}"


def mask_documents(plan: Plan) -> list[dict[str, Any]]:
    """What every measured mask takes."""
    return [
        {
            "case": one.case,
            "network": one.network,
            "level": one.level,
            "sparsity": one.sparsity,
            "unpacked": one.seen.unpacked,
            "stored": one.seen.stored,
            "making": one.seen.making,
        }
        for one in mask_costs(plan)
    ]


def _in_words(members: Sequence[Seen]) -> str:
    """The images that the masks of a family take."""
    if not any(one.unpacked for one in members):
        return "none"
    said = _span(one.unpacked for one in members)
    if any(one.stored != one.unpacked for one in members):
        said += f" unpacked, {_span(one.stored for one in members)} as stored"
    else:
        said += " images"
    if any(one.making is None for one in members):
        return f"{said}, its set from a file"
    if any(one.making for one in members):
        return f"{said}, and {_span(one.making or 0 for one in members)} to make its set"
    return said


def _span(counts: Iterable[int]) -> str:
    """Like `52,000`, or `2.35 M to 9 M` where they differ."""
    ordered = sorted(counts)
    return " to ".join(dict.fromkeys(map(_short, (ordered[0], ordered[-1]))))


def _short(count: int) -> str:
    """In full up to a million, then with three digits."""
    rounded = float(f"{count:.3g}")
    for size, letter in UNITS:
        if count >= size:
            return f"{rounded / size:g} {letter}"
    return f"{count:,}"

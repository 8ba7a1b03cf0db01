"""Which class of one source of images is which of another's: by name where both have names, else by number."""

from collections import Counter
from collections.abc import Sequence

SHOWN = 4
"""Classes that a note names."""


class OtherClasses(ValueError):
    """Two sources of images whose classes have names, and not the same ones."""


def matched(theirs: Sequence[str], ours: Sequence[str]) -> tuple[int, ...]:
    """The study's label for each label of a set, by the names of classes; () where all stay, or names are missing.

    Raises OtherClasses where both have names that are not the same, or several classes have one name.
    """
    if not theirs or not ours or tuple(theirs) == tuple(ours):
        return ()
    for whose, names in (("its", theirs), ("the study's", ours)):
        name, count = Counter(names).most_common(1)[0]
        if count > 1:
            raise OtherClasses(f"{'two' if count == 2 else count} of {whose} classes are called `{name}`")
    lacking = [name for name in theirs if name not in set(ours)]
    missing = [name for name in ours if name not in set(theirs)]
    if lacking or missing:
        raise OtherClasses(f"its classes are {listed(lacking or theirs)}, the study's {listed(missing or ours)}")
    numbers = {name: number for number, name in enumerate(ours)}
    return tuple(numbers[name] for name in theirs)


def taken_for(theirs: Sequence[str], ours: Sequence[str]) -> str:
    """Which label is taken for which class, where they are matched by number and names alone don't tell; else "".

    Names that are the numbers themselves, in their order, need no word.
    """
    both = bool(theirs and ours)
    names = [f"`{name}`" for name in theirs] if both else [str(number) for number in range(len(ours or theirs))]
    pairs = list(zip(names, ours or theirs, strict=False))
    other = [(theirs, name) for theirs, name in pairs if theirs.strip("`") != name]
    shown = ", ".join(f"{theirs} for `{name}`" for theirs, name in other[:SHOWN])
    return shown + (f", … ({len(pairs)} classes)" if len(other) > SHOWN else "")


def listed(names: Sequence[str]) -> str:
    """The first few names as a list, with dots where there are more."""
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")

"""Which tensor of a file is which of a model: names by rules of the user's, and without what all of them begin with.

A prefix that all names share says how a network was wrapped (`module.` by DataParallel, `model.` by Lightning,
`_orig_mod.` by torch.compile) and nothing of its tensors: files and models are compared, and files are named in ids,
without it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

_NUMBER = re.compile(r"[0-9]+")


class OddRename(ValueError):
    """Rules that rename nothing, or two tensors to one name; the sentence goes on after the file's name."""


def canonical(names: Iterable[str], rules: Mapping[str, str]) -> dict[str, str]:
    """A file's names as ids see them -> as the file has them.

    A rule renames a module, or a tensor, and all in it: of several the one with the longest name. Names in rules are
    those of the file, or those without the prefix that all share, or without the first modules of that.
    """
    names = list(names)
    longest, *others = _prefixes(_shared(names))
    spellings = [{name[len(prefix) :]: name for name in names} for prefix in (longest, *reversed(others))]
    for spelled in spellings:
        if all(any(_is_in(name, rule) for name in spelled) for rule in rules):
            break
    else:
        raise OddRename(_unused(names, spellings, rules))
    renamed: dict[str, str] = {}
    for name, original in spelled.items():
        new = _renamed(name, rules)
        if new in renamed:
            raise OddRename(f"has two tensors that are called `{new}` by then: `{renamed[new]}` and `{original}`")
        renamed[new] = original
    return {name: renamed[whole] for name, whole in unwrapped(renamed).items()}


def _unused(names: Sequence[str], spellings: Sequence[Iterable[str]], rules: Iterable[str]) -> str:
    """Why some rule renames nothing, whichever way the file's names are spelled."""
    every = [
        [rule for rule in rules if not any(_is_in(name, rule) for name in spelled)] for spelled in (names, *spellings)
    ]
    missed, missed_bare, *_ = every
    for rule in missed:
        if all(rule in unused for unused in every):
            return f"has no tensor whose name begins with `{rule}`"
    shared = _shared(names).removesuffix(".")
    return (
        f"is renamed by `{missed_bare[0]}` and `{missed[0]}`: of the `{shared}` that all its names begin with "
        "rules say all or none"
    )


def unwrapped(names: Iterable[str]) -> dict[str, str]:
    """Names without the modules that all of them begin with -> the names."""
    names = list(names)
    shared = _shared(names)
    return {name[len(shared) :]: name for name in names}


class Pairing(NamedTuple):
    """A model's names and a file's, side by side."""

    pairs: Mapping[str, str]
    """Of a model's tensor the file's, where it has one."""
    missing: tuple[str, ...]
    """The model's that the file lacks."""
    others: tuple[str, ...]
    """The file's that the model lacks."""


def pair(wanted: Sequence[str], given: Collection[str]) -> Pairing:
    """Tensors of a model by those of a file, whose names are canonical.

    `wanted` may be some of the model's only: of the prefixes that all of them share that one counts as the model's by
    which most are in the file.
    """
    best: dict[str, str] = {}
    for prefix in _prefixes(_shared(wanted)):
        found_there = {name: name[len(prefix) :] for name in wanted if name[len(prefix) :] in given}
        if len(found_there) > len(best):
            best = found_there
    taken = set(best.values())
    return Pairing(
        best, tuple(name for name in wanted if name not in best), tuple(name for name in given if name not in taken)
    )


def rules_that_would_do(
    missing: Mapping[str, tuple[int, ...]], others: Mapping[str, tuple[int, ...]]
) -> dict[str, str]:
    """Renamings of modules by which a file's other tensors become those that a model misses; empty where none is seen.

    `missing` and `others` are shapes by name. Several tensors of one shape go by the numbers in their names, and where
    they differ in more than those nothing is seen: any of them might be any other.
    """
    ours_alike, theirs_alike = _alike(missing), _alike(others)
    rules: dict[str, str] = {}
    for key, names in ours_alike.items():
        matches = theirs_alike.get(key, [])
        if len(matches) < len(names) or (len(matches) > 1 and not (_numbered(matches) and _numbered(names))):
            return {}
        for name, match in zip(names, matches, strict=False):
            theirs, ours = _apart(match, name)
            if rules.setdefault(theirs, ours) != ours:
                return {}
    return rules


def _alike(shapes: Mapping[str, tuple[int, ...]]) -> dict[tuple[str, tuple[int, ...]], list[str]]:
    """Names by what tells tensors apart whatever their modules are called; each by the numbers in them: 2 before 10."""
    alike: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for name in sorted(shapes, key=lambda name: [int(number) for number in _NUMBER.findall(name)]):
        alike.setdefault((name.rpartition(".")[2], shapes[name]), []).append(name)
    return alike


def _numbered(names: Iterable[str]) -> bool:
    """Whether names differ in nothing but their numbers."""
    return len({_NUMBER.sub("0", name) for name in names}) == 1


def _apart(theirs: str, ours: str) -> tuple[str, str]:
    """Two names without the modules with which both end: `fc.weight` and `classifier.weight` differ in the first."""
    left, right = theirs.split("."), ours.split(".")
    while len(left) > 1 and len(right) > 1 and left[-1] == right[-1]:
        left.pop()
        right.pop()
    return ".".join(left), ".".join(right)


def _renamed(name: str, rules: Mapping[str, str]) -> str:
    rule = max((rule for rule in rules if _is_in(name, rule)), key=len, default=None)
    if rule is None:
        return name
    rest = name[len(rule) :]
    return rules[rule] + rest if rules[rule] else rest.removeprefix(".")


def _is_in(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def _shared(names: Sequence[str]) -> str:
    """The modules with which all names begin, and the dot after them."""
    if not names:
        return ""
    first, last = min(names).split(".")[:-1], max(names).split(".")[:-1]
    shared = []
    for one_module, other_module in zip(first, last, strict=False):
        if one_module != other_module:
            break
        shared.append(f"{one_module}.")
    return "".join(shared)


def _prefixes(shared: str) -> list[str]:
    """All prefixes of modules of a shared one, the longest first, no prefix last."""
    parts = shared.split(".")[:-1]
    return ["".join(f"{part}." for part in parts[:count]) for count in range(len(parts), -1, -1)]

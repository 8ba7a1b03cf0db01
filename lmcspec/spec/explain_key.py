"""What a key means, beside who set it; also of a key whose table the spec doesn't have."""

from dataclasses import replace

from lmcspec.base.errors import UsageError
from lmcspec.spec.explain import NOBODY, Explanation, NoSuchKey, Setter, case_called, value_of
from lmcspec.spec.explain_written import as_written
from lmcspec.spec.json_schema import schema
from lmcspec.spec.key_words import KeyWords, words_of
from lmcspec.spec.load import Case, Loaded
from lmcspec.spec.paths import Path, dotted, parse_path


def with_words(explanation: Explanation, loaded: Loaded, case: str) -> Explanation:
    """The explanation with what its key means."""
    return replace(explanation, words=_words(explanation.path, loaded, case))


def of_no_table(error: UsageError, loaded: Loaded, path: str, case: str) -> Explanation | None:
    """What a key means that this spec doesn't set; None where there is none, or another was likely meant."""
    if not isinstance(error, NoSuchKey) or error.near:
        return None
    words = _words(path, loaded, case)
    if not words:
        return None
    *above, _ = (part.name for part in parse_path(path))
    there = not above or as_written(loaded, dotted(tuple(above)), case) is not None
    return Explanation(
        path, case_called(loaded, case).name, None, Setter(None, "default" if there else NOBODY), words=words
    )


def _words(path: str, loaded: Loaded, case: str) -> tuple[KeyWords, ...]:
    chosen = case_called(loaded, case)
    parts = tuple(part.name for part in parse_path(path))
    return tuple(words_of(schema(), _of_member(chosen, parts), value_of(chosen)))


def _of_member(case: Case, path: Path) -> Path:
    """The path in the first member of a family, which says what kind of thing all of them are; any other as it is."""
    families = {"networks": case.families, "permutations": case.ways.families}.get(str(path[0]), {})
    if len(path) < 2 or path[1] not in families:
        return path
    return (path[0], families[str(path[1])].members[0].name, *path[2:])

"""Files on top of each other: `extends = ["base.toml"]`. Tables merge, lists are replaced, later files win.

Cases of a sweep merge by their names, and a table with numbers for keys into a list's items: `lmcspec.spec.tree.merge`.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from lmcspec.base.errors import Problem, Span
from lmcspec.spec.reading import Unreadable, parse, read_text
from lmcspec.spec.text import Source
from lmcspec.spec.tree import Node, NoPlace, merge, without

DEEPEST = 16
"""Files on top of each other."""


@dataclass(slots=True)
class Files:
    """What has been read for one spec, in order, and what was wrong with it."""

    sources: dict[str, Source] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _trees: dict[Path, Node | None] = field(default_factory=dict)

    def read(self, path: Path, text: str | None = None) -> Node | None:
        """The tree of a file with all that it extends merged beneath it; None where that failed."""
        return self._file(path, None, (), text)

    def _file(self, path: Path, named_at: Span | None, above: tuple[Path, ...], text: str | None = None) -> Node | None:
        identity = Path(os.path.realpath(path))
        if identity in above:
            circle = " -> ".join(f"`{_shown(file)}`" for file in (*above[above.index(identity) :], identity))
            self.problems.append(Problem("E301", f"files extend each other in a circle: {circle}", named_at))
            return None
        if len(above) > DEEPEST:
            self.problems.append(Problem("E302", f"more than {DEEPEST} files stand on top of each other", named_at))
            return None
        if identity in self._trees:
            return self._trees[identity]
        tree = self._own(path, named_at, text)
        if tree is not None:
            tree = self._with_bases(tree, path, (*above, identity))
        self._trees[identity] = tree
        return tree

    def _own(self, path: Path, named_at: Span | None, text: str | None) -> Node | None:
        try:
            content = read_text(path, named_at) if text is None else text
            self.sources[str(path)] = Source(str(path), content)
            self.paths.append(path)
            tree, self.sources[str(path)] = parse(path, content)
        except Unreadable as error:
            self.problems.append(error.problem)
            return None
        return tree

    def _with_bases(self, tree: Node, path: Path, above: tuple[Path, ...]) -> Node | None:
        entry = tree.get("extends")
        if entry is None:
            return tree
        entries = [entry] if isinstance(entry.value, str) else entry.elements()
        wrong = [node for node in entries if not isinstance(node.value, str)]
        if wrong or not (isinstance(entry.value, list | str)):
            place = (wrong[0] if wrong else entry).span
            self.problems.append(
                Problem("E105", "`extends` takes the path of a spec or a list of paths", place, path="extends")
            )
            return None
        below: Node | None = None
        failed = False
        for node in entries:
            base = self._file(path.parent / node.value, node.span, above)
            failed = failed or base is None
            if base is not None:
                below = self._on_top(below, base)
                failed = failed or below is None
        return None if failed else self._on_top(below, without(tree, "extends"))

    def _on_top(self, below: Node | None, above: Node) -> Node | None:
        try:
            return above if below is None else merge(below, above)
        except NoPlace as error:
            self.problems.append(Problem("E314", str(error), error.span))
            return None


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""Files on top of each other: `extends = ["base.toml"]`. Tables merge, lists are replaced, later files win.

Cases of a sweep merge by their names, and a table with numbers for keys into a list's items: `lmcspec.spec.tree.merge`.
A file that several extend lies beneath all of them, once: what one of these changes of it, the next does not undo.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from lmcspec.base.errors import Problem, Span
from lmcspec.spec.located import Located, located
from lmcspec.spec.reading import parse, read_text
from lmcspec.spec.size import MOST
from lmcspec.spec.text import Source
from lmcspec.spec.tree import Node, NoPlace, merge, walk, without
from lmcspec.spec.unreadable import Unreadable, too_many

DEEPEST = 16
"""Files on top of each other."""


@dataclass(slots=True, eq=False, repr=False)
class Files:
    """What has been read for one spec, in order, and what was wrong with it."""

    sources: dict[str, Source] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    extends: Node | None = None
    """What the spec's own file names under `extends`, which is in no tree."""
    shipped: set[str] = field(default_factory=set)
    """The files that were called by the name of a spec that ships, and what those extend."""
    _failed: set[Path] = field(default_factory=set)
    _values: int = 0

    def read(self, file: Located, text: str | None = None) -> Node | None:
        """The tree of a file with all that it extends merged beneath it; None where that failed."""
        layers: dict[Path, Node] = {}
        if not self._lay(file, None, (), layers, text):
            return None
        tree: Node | None = None
        for layer in layers.values():
            tree = self._on_top(tree, layer)
            if tree is None:
                return None
        return tree

    def _lay(
        self,
        file: Located,
        named_at: Span | None,
        above: tuple[Path, ...],
        layers: dict[Path, Node],
        text: str | None = None,
    ) -> bool:
        """Add a file to the layers, lowest first, after all that it extends. False where something is wrong."""
        path, identity = file.path, Path(os.path.realpath(file.path))
        if identity in above:
            circle = " -> ".join(f"`{_shown(each)}`" for each in (*above[above.index(identity) :], identity))
            self.problems.append(Problem("E301", f"files extend each other in a circle: {circle}", named_at))
            return False
        if len(above) > DEEPEST:
            self.problems.append(Problem("E302", f"more than {DEEPEST} files stand on top of each other", named_at))
            return False
        if identity in layers or identity in self._failed:
            return identity in layers
        tree = self._read_alone(path, named_at, text)
        if tree is not None and not above:
            self.extends = tree.get("extends")
        if file.name:
            self.shipped.add(str(path))
        bases = [] if tree is None else self._bases(tree)
        whole = bases is not None and tree is not None
        for node in bases or []:
            base = self._located(path.parent / node.value, node)
            if base is not None and file.name:
                base = base._replace(name=base.name or file.name)
            whole = base is not None and self._lay(base, node.span, (*above, identity), layers) and whole
        if whole and tree is not None:
            layers[identity] = without(tree, "extends") if tree.get("extends") else tree
        else:
            self._failed.add(identity)
        return whole

    def _located(self, path: Path, named: Node) -> Located | None:
        """The file that an entry of `extends` means; None where that may be several."""
        try:
            return located(path, named.value, named.span)
        except Unreadable as error:
            self.problems.append(error.problem)
            return None

    def _read_alone(self, path: Path, named_at: Span | None, text: str | None) -> Node | None:
        try:
            content = read_text(path, named_at) if text is None else text
            self.sources[str(path)] = Source(str(path), content)
            self.paths.append(path)
            tree, self.sources[str(path)] = parse(path, content)
            self._values += sum(1 for _ in walk(tree))
            if self._values > MOST:
                raise Unreadable(too_many(named_at or Span(str(path), 1, 1, 1, 1), self._values))
        except Unreadable as error:
            self.problems.append(error.problem)
            return None
        return tree

    def _bases(self, tree: Node) -> list[Node] | None:
        """The files that a tree names under `extends`; None where these are no names."""
        entry = tree.get("extends")
        if entry is None:
            return []
        entries = [entry] if isinstance(entry.value, str) else entry.elements()
        wrong = [node for node in entries if not isinstance(node.value, str)]
        if wrong or not isinstance(entry.value, list | str):
            place = (wrong[0] if wrong else entry).span
            message = "`extends` takes the path of a spec or a list of paths"
            self.problems.append(Problem("E105", message, place, path="extends"))
            return None
        return entries

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

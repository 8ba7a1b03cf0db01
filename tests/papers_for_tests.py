"""What the specs of a paper say of themselves, and what their plans have."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from lmcspec.plan import Plan, compile_study
from lmcspec.spec import Loaded, load

WORDS = {
    "trainings?(?! on| images)": "train",
    "(?:trainings )?on distilled images": "distilled",
    "paths?": "path",
    "prunes?": "prune",
    "shuffles?": "shuffle",
    "landscapes?": "landscape",
    "Hessians?": "hessian",
    "overlaps?": "overlap",
    "distillations?": "distill",
    "permutations?": "match",
    "detours?": "detour",
    "carried masks?": "transport",
    "agreements?": "agreement",
    "chains?": "chain",
    "means?": "transitivity",
}
"""What headers call the kinds of tasks."""


@cache
def _loaded(path: Path, sets: tuple[str, ...]) -> Loaded:
    return load(path, sets)


@cache
def _planned(path: Path, sets: tuple[str, ...]) -> Plan:
    return compile_study(_loaded(path, sets))


@dataclass(frozen=True)
class Specs:
    """A folder of specs; a spec is named without its ending."""

    folder: Path

    @property
    def names(self) -> set[str]:
        return {path.relative_to(self.folder).with_suffix("").as_posix() for path in self.folder.rglob("*.toml")}

    def loaded(self, name: str, *sets: str) -> Loaded:
        return _loaded(self.folder / f"{name}.toml", sets)

    def planned(self, name: str, *sets: str) -> Plan:
        return _planned(self.folder / f"{name}.toml", sets)

    def counts(self, name: str, case: str = "", *sets: str) -> Counter[str]:
        """Tasks by kind, trainings on distilled images apart; of all cases or of one."""
        tasks = [task for task in self.planned(name, *sets).counted if case in ("", task.label.split("/")[0])]
        return Counter("distilled" if task.trains and task.on_distilled else task.kind for task in tasks)

    def header(self, name: str) -> str:
        lines = (self.folder / f"{name}.toml").read_text(encoding="utf-8").splitlines()
        return " ".join(line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), lines))

    def said(self, name: str) -> dict[str, int]:
        """The counts that follow `Cost:` in the header."""
        parts = re.split(r",(?!\d)| and |;", self.header(name).partition("Cost: ")[2])
        return {
            kind: int(found[1].replace(",", ""))
            for part in parts
            for word, kind in WORDS.items()
            if (found := re.match(rf"([\d,]+) {word}\b", part.strip()))
        }


def papers(name: str) -> Specs:
    return Specs(Path(__file__).parents[1] / "specs" / name)

"""Pages that are followed from top to bottom: their files are written, their changes made, their commands typed.

A block ```` ```toml ```` or ```` ```python ```` whose first line is `# NAME` is a file. A block ```` ```diff ```` changes the
file that its first line, `--- NAME`, names. In a block ```` ```console ```` what follows `$ ` is typed, `cluster$ ` in a folder
called cluster, and the lines beneath are what is printed, of which a line `…` stands for any and ` …` for the rest of one.
Decimals, times, sizes and ids are those of one machine; whole numbers are facts. A mean moves by less than its spread.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^## (?P<section>[^\n]+)$|^```(?P<kind>toml|python|diff|console)\n(?P<text>.*?)^```$", re.M | re.S)
NAME = re.compile(r"# ([\w./-]+\.\w+)\n")
PROMPT = re.compile(r"([a-z]*)\$ (.+)")
CHANGE = re.compile(r"--- (\S+)\n")
MACHINE_S = [
    (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}\b", "ID"),
    (r"^\d\d:\d\d:\d\d ", ""),
    (r"(?:\d[\d.,]* (?:ms|s|min|h)\b ?)+|\b\d+:\d\d\b", "TIME "),
    (r"\d[\d.,]* [kMG]?B\b", "SIZE"),
    (r"(?<![\w.])[+-]?\d+\.\d+(?:e[+-]\d+)?", "DECIMAL"),
    (r"\b\d+ slots?\b", "SLOTS"),
    (r"[\d,]+ replicates\b", "REPLICATES"),
    (r"(?<!\S)/\S*/(?=\S)", ""),
    (r"\s+", " "),
]
"""What may differ from one machine to another, and what stands for it."""
SPREAD = re.compile(r"([+-]?\d+\.\d+) ± (\d+\.\d+) \(")
SLACK = 0.3
"""What two means may differ by where neither spreads: an image of 360 in 100."""


@dataclass(frozen=True)
class File:
    """What is written into a file."""

    name: str
    text: str


@dataclass(frozen=True)
class Change:
    """Lines of a file, and those that take their place."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Command:
    """What is typed, where ("" is here), in which section, and what the page says is printed."""

    section: str
    place: str
    line: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        return any(line.startswith("error") for line in self.shown)


def steps(page: str) -> Iterator[File | Change | Command]:
    """What the page has its readers do, in order."""
    section = ""
    for block in BLOCK.finditer(page):
        text = block["text"] or ""
        if block["section"]:
            section = block["section"]
        elif block["kind"] == "console":
            yield from commands(section, text)
        elif block["kind"] == "diff":
            yield change(text)
        elif name := NAME.match(text):
            yield File(name[1], text.removeprefix(name[0]))


def commands(section: str, text: str) -> Iterator[Command]:
    """Those of a block."""
    lines = text.splitlines()
    typed = [number for number, line in enumerate(lines) if PROMPT.match(line)]
    assert not lines or typed[:1] == [0], f"a block begins with what is typed: {lines[0]}"
    for begin, end in zip(typed, [*typed[1:], len(lines)], strict=True):
        prompt = PROMPT.match(lines[begin])
        assert prompt is not None
        yield Command(section, prompt[1], prompt[2], tuple(line for line in lines[begin + 1 : end] if line.strip()))


def change(text: str) -> Change:
    """Of a block of differences: lines that begin with a blank stand on both sides."""
    head = CHANGE.match(text)
    assert head is not None, f"a change names its file: {text.splitlines()[0]}"
    lines = text.removeprefix(head[0]).splitlines()
    before, after = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in side) for side in (" -", " +"))
    return Change(head[1], before, after)


@dataclass
class Follower:
    """Somebody who does what a page says in an empty folder, and looks at what comes out."""

    home: Path
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Parts of commands that name what tests don't have (a bucket), and what is taken for them."""
    arriving: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By place: files that the page says are brought there."""
    environment: dict[str, str] = field(default_factory=dict)

    def folder(self, place: str) -> Path:
        """Where a command of this place is typed."""
        folder = self.home / (place or "here")
        if not folder.exists():
            folder.mkdir()
            for name in self.arriving.get(place, ()):
                shutil.copy(self.home / "here" / name, folder)
        return folder

    def do(self, step: File | Change | Command) -> str:
        """What a command prints, once it ended as the page says and printed what the page shows."""
        if isinstance(step, Command):
            return self.type(step)
        path = self.folder("") / step.name
        if isinstance(step, File):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            return ""
        text = path.read_text(encoding="utf-8")
        assert text.count(step.before) == 1, f"{step.name} has these lines once:\n{step.before}"
        path.write_text(text.replace(step.before, step.after), encoding="utf-8")
        return ""

    def type(self, command: Command) -> str:
        line = command.line
        for part, stand_in in self.replaced.items():
            line = line.replace(part, stand_in)
        ended = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder(command.place),
            env={**surroundings(), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (ended.returncode != 0) == command.fails, f"{line}\n{ended.stdout}"
        printed = ended.stdout
        for part, stand_in in self.replaced.items():
            printed = printed.replace(stand_in, part)
        check_shown(command, printed)
        return printed


def surroundings() -> dict[str, str]:
    """This process's, with the programs of its environment; what is printed goes into a pipe, which has no width."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"PATH": path}


def check_shown(command: Command, printed: str) -> None:
    """Every line that the page shows was printed, in the page's order."""
    lines = printed.splitlines()
    plain = [masked(line) for line in lines]
    at = 0
    for shown in command.shown:
        if shown.strip() == "…":
            continue
        begins = shown.endswith("…")
        expected = masked(shown.removesuffix("…"))
        alike = [
            place
            for place in range(at, len(lines))
            if (plain[place].startswith(expected) if begins else plain[place] == expected)
        ]
        behind = f" behind\n{plain[at - 1]}" if at else ""
        assert alike, f"{command.line} did not print\n{expected}{behind}\nbut\n" + "\n".join(plain)
        places = [place for place in alike if near(shown, lines[place])]
        assert places, f"{command.line} printed other numbers than\n{shown}\n" + lines[alike[0]]
        at = places[0] + 1


def near(shown: str, printed: str) -> bool:
    """Whether the means in two lines lie no farther apart than their standard deviations together."""
    pairs = zip(SPREAD.findall(shown), SPREAD.findall(printed), strict=False)
    return all(abs(float(a) - float(b)) <= float(s) + float(t) + SLACK for (a, s), (b, t) in pairs)


def masked(line: str) -> str:
    """A line without what is one machine's."""
    for pattern, instead in MACHINE_S:
        line = re.sub(pattern, instead, line)
    return line.strip()


def page(name: str) -> str:
    """A page of the documents, by its name."""
    return (DOCS / name).read_text(encoding="utf-8")


def installed(package: Path, name: str, entry: str) -> str:
    """What makes a package of cards known without an installer: folders for PYTHONPATH.

    Installing takes a network; it is an entry point beside the package that lmcspec looks for.
    """
    info = package.parent / f"{name}-site" / f"{name}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[lmcspec.cards]\n{entry}\n", encoding="utf-8")
    return os.pathsep.join([str(package), str(info.parent), os.environ.get("PYTHONPATH", "")])

"""What the specs that ship say of themselves: what they show, after which paper, and what they cost."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.spec import shipped
from lmcspec.spec.extends import Files
from lmcspec.spec.located import Located

_COST = re.compile(r"^Cost: (.*?)(?:\n\n|\nExpect|\nResults|\Z)", re.MULTILINE | re.DOTALL)
_TRAININGS = re.compile(r"([\d,]*\d) (?:trainings?\b|on distilled images)")
_IMAGES = re.compile(r"(\d[\d.,]*)(?: ([MG]))? (?:training images|\([\d.e+]+ FLOP\) on\sImageNet)")
_SCALE = {"": 1, "M": 1e6, "G": 1e9}


class ShippedSpec(NamedTuple):
    """A spec that ships. Its costs are those that its header tells, to the digits told there."""

    name: str
    path: Path
    title: str
    source: str
    """The paper that it follows; empty where it is none's."""
    cost: str
    trainings: int
    """On real and on distilled images."""
    images: int
    """All that trainings and distillations see, each as often as it is seen; 0 where the header doesn't tell."""
    header: str

    def has(self, words: Sequence[str]) -> bool:
        """Whether each of the words is met in its name, title, source or header."""
        text = "\n".join((self.name, self.title, self.source, self.header)).casefold()
        return all(word.casefold() in text for word in words)

    def document(self) -> dict[str, Any]:
        """As plain data, without the header, which stands in the file."""
        told = {key: value for key, value in self._asdict().items() if key != "header"}
        return {**told, "path": str(self.path)}


def shipped_specs() -> Iterator[ShippedSpec]:
    """All of them, in the order of their names."""
    return (described(name, shipped.file_of(name)) for name in shipped.names())


def described(name: str, path: Path) -> ShippedSpec:
    """What a spec says of itself, which is known to be one."""
    files = Files()
    tree = files.read(Located(path, name))
    assert tree is not None, f"{path}: {files.problems}"
    title, source = (node.value if (node := tree.get(key)) else "" for key in ("title", "source"))
    header = _header(files.sources[str(path)].text)
    cost = " ".join(told[1].split()) if (told := _COST.search(header)) else ""
    return ShippedSpec(name, path, title, source, cost, _trainings(cost), _images(cost), header)


def _header(text: str) -> str:
    """The comment at the head of a file."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return "\n".join(line.removeprefix("#").strip() for line in lines)


def _trainings(cost: str) -> int:
    return sum(int(count.replace(",", "")) for count in _TRAININGS.findall(cost.partition(";")[0]))


def _images(cost: str) -> int:
    return round(sum(float(number.replace(",", "")) * _SCALE[unit] for number, unit in _IMAGES.findall(cost)))

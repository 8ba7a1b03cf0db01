"""Pages of what ships beside the code: presets, with where their numbers are from; specs, with what they show."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from docs.site.markdown import anchor, block, code, page, table
from lmcspec.spec import preset_files
from lmcspec.spec.shipped_specs import ShippedSpec, shipped_specs

_PRESETS = Path(preset_files.__file__).parent / "presets"
KINDS = {
    "": ("Recipes", "A recipe is one of these, `real = NAME`, or extends it, `extends = NAME`."),
    "sets": ("Distilled sets", "Under `[distilled]`, by name or with `extends`."),
    "stages": ("Stages", "A stage of a network extends one."),
    "measures": ("Measures", "A measure extends one."),
}
"""Folder of presets -> what they are, and where a spec names them."""
_SENTENCE = re.compile(r"(?<=[a-z\d)])\. (?=[A-Z])")
"""Between the first sentence of what a spec costs, its counts, and what else it tells."""
HEAD = ("name", "what it shows", "source", "cost")


def pages() -> Iterator[tuple[str, str]]:
    """(path, text) of both pages."""
    yield "reference/presets.md", _presets()
    yield "reference/specs.md", _specs(list(shipped_specs()))


def _presets() -> str:
    parts = []
    for folder, (title, where) in KINDS.items():
        parts += [f"## {title}", where]
        for file in sorted((_PRESETS / folder).glob("*.toml")):
            parts += [f"### {file.stem.replace('_', ' ')}", block(file.read_text(encoding="utf-8"), "toml")]
    return page(
        "# Presets",
        "Settings of the papers, as their files have them: what is cited, and what no paper says, stands beside the "
        "numbers.",
        *parts,
    )


def _specs(specs: list[ShippedSpec]) -> str:
    parts = []
    for paper, group in groupby(sorted(specs, key=_folder), key=_folder):
        parts += [f"## {paper or 'Others'} {{ #{anchor(paper or 'others')} }}", table(HEAD, map(_row, group))]
    return page(
        "# Specs that ship",
        "Called by name from anywhere, `lmcspec plan quickstart`, and listed by `lmcspec specs`. A spec's own page has "
        "its text, with what comes out.",
        *parts,
    )


def _folder(spec: ShippedSpec) -> str:
    return spec.name.rpartition("/")[0]


def _row(spec: ShippedSpec) -> tuple[str, str, str, str]:
    link = f"[{code(spec.name)}](../project/specs/{spec.name}.toml.md)"
    return link, spec.title, spec.source or "–", _SENTENCE.split(spec.cost)[0].rstrip(".") or "–"

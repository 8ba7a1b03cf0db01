"""The spec that goes on from a lottery of OpenLTH's, with comments that say what is what."""

import re
from collections.abc import Iterator
from typing import Any

from lmcspec.base.steps import Step
from lmcspec.report.openlth.directory import MAIN, Directory
from lmcspec.report.openlth.settings import Settings
from lmcspec.spec.toml_text import inline

ROUNDS = 3
"""Further prunings that the spec begins with; how many is the user's to say."""
_ENDED = "as-it-ended"
_NO_NAME = re.compile(r"[^A-Za-z0-9_.+-]+")


def spec_text(directory: Directory, settings: Settings, begin: Step, level: int, end: Step | None) -> str:
    """The text of the spec: from `level` on, with weights after `begin`, and those of its `end` as they are."""
    parts = (*_head(directory, settings, level), *_tensors(level, begin, end), *_asked(directory, settings, level, end))
    return "\n".join(parts) + "\n"


def _head(directory: Directory, settings: Settings, level: int) -> Iterator[str]:
    name = _NO_NAME.sub("-", directory.folder.resolve().name)[:40].strip("-") or "lottery"
    yield f"# Goes on from {name} of OpenLTH. Levels are counted anew: 0 is the dense network with the weights at the"
    yield (
        f"# rewind point, 1 is OpenLTH's level {level}, and further ones are pruned here."
        if level
        else "# rewind point."
    )
    yield f'study = "{name}"'
    yield f"replicates = {len(directory.replicates)}  # there they are {', '.join(map(str, directory.replicates))}"
    yield f"dataset = {inline(settings.dataset)}"
    yield f"model = {inline(settings.model)}"
    yield ""
    yield from (f"# note: {note}" for note in settings.notes)
    yield "[recipes.real]"
    yield from (f"{key} = {inline(value)}" for key, value in settings.recipe.items())


def _tensors(level: int, begin: Step, end: Step | None) -> Iterator[str]:
    yield "\n[weights]"
    yield f"start = {inline(_weights('start', begin))}  # at the rewind point"
    if end is not None:
        yield f"end = {inline(_weights(f'end-l{level}', end))}  # as level {level} ended there"
    if level:
        yield "\n[masks]"
        yield f"level{level} = {inline({'load': f'mask-l{level}-s{{replicate}}.safetensors'})}"


def _asked(directory: Directory, settings: Settings, level: int, end: Step | None) -> Iterator[str]:
    mask = {"mask": f"level{level}"} if level else {}
    further = {"rounds": ROUNDS, **settings.pruning}
    start = {"weights": "start", **mask}
    networks: dict[str, list[dict[str, Any]]] = {"dense": [{"weights": "start"}]}
    networks["onward"] = [start, further] if level else [{**start, **further}]
    if directory.experiment != MAIN:  # the weights of a branch are those of its level, under a mask
        del networks["dense"]
    yield "\n[networks]"
    yield from (f"{name} = {inline(stages)}" for name, stages in networks.items())
    if end is not None:
        yield f"{_ENDED} = {inline([{'weights': 'end', **mask}])}  # measured as it is: nothing is trained"
    yield "\n[measures]"
    trained = ["dense", "onward"] if directory.experiment == MAIN else ["onward"]
    levels = {} if directory.experiment == MAIN else {"levels": ["last-stage"]}
    yield f"accuracy = {inline({'networks': trained, **levels})}"
    if end is not None:
        ended = {"kind": "accuracy", "networks": [_ENDED], "levels": ["last"]}
        yield f"ended = {inline(ended)}  # the logger's, but for rounding"
    yield f"# Copies of {f'level {level}' if level else 'the dense network'} part at the rewind point: is it stable?"
    yield f"stability = {inline({'networks': ['onward'], 'levels': ['start'] if level else ['dense']})}"


def _weights(file: str, step: Step) -> dict[str, Any]:
    told = {"step": str(step)} if step != Step() else {}
    return {"load": f"{file}-s{{replicate}}.safetensors", **told}

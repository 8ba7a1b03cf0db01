"""The language: specs in TOML or YAML, checked against models that are built from the cards.

`lmcspec.spec.explain` says who set a value, and `lmcspec.spec.json_schema` prints the grammar.
"""

from lmcspec.spec.family import Family, Member
from lmcspec.spec.load import Case, Loaded, load
from lmcspec.spec.origins import Origin, Origins
from lmcspec.spec.preset_files import measure_presets, presets, set_presets, stage_presets
from lmcspec.spec.study import Study

__all__ = [
    "Case",
    "Family",
    "Loaded",
    "Member",
    "Origin",
    "Origins",
    "Study",
    "load",
    "measure_presets",
    "presets",
    "set_presets",
    "stage_presets",
]

"""The language: specs in TOML or YAML, checked against models that are built from the cards."""

from lmcspec.spec.differences import Difference, Differences, differences
from lmcspec.spec.explain import Explanation, Setter, explain_code, explain_path
from lmcspec.spec.families import Family, Member
from lmcspec.spec.json_schema import schema
from lmcspec.spec.load import Case, Loaded, load
from lmcspec.spec.origins import Origin, Origins
from lmcspec.spec.preset_files import presets
from lmcspec.spec.study import Study

__all__ = [
    "Case",
    "Difference",
    "Differences",
    "Explanation",
    "Family",
    "Loaded",
    "Member",
    "Origin",
    "Origins",
    "Setter",
    "Study",
    "differences",
    "explain_code",
    "explain_path",
    "load",
    "presets",
    "schema",
]

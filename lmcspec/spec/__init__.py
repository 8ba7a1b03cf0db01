"""The language: specs in TOML or YAML, checked against models that are built from the cards."""

from lmcspec.spec.load import Case, Loaded, load
from lmcspec.spec.origins import Origin, Origins
from lmcspec.spec.study import Study

__all__ = ["Case", "Loaded", "Origin", "Origins", "Study", "load"]

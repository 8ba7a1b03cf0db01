"""The forms of a distilled set's files."""

from typing import Literal

Published = Literal["mtt", "idc", "dc"]
"""Those in which sets are published; see `lmcspec/science/data/distilled/published.py`."""
FileForm = Literal[Published, "safetensors"]
"""Those, and lmcspec's own."""

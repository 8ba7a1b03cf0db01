"""Makes `tests.versions` importable from its own tests, as `python -m tests.versions.accept` has it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

"""Tests of sets share what writes their files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

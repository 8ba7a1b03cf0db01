"""Accept what commands print as it is now: `uv run python -m tests.cli.accept`; `git diff` then shows what changed."""

import os
import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    os.environ["LMCSPEC_ACCEPT_GOLDEN"] = "1"
    sys.exit(pytest.main(["-q", "-n", "0", str(Path(__file__).with_name("test_golden.py"))]))

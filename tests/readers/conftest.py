import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world_for_tests import World, build


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    """Everything that is read, sound; tests put back what they change."""
    return build(tmp_path_factory.mktemp("world"))

"""Places of what tests share, and what those of the runner `ray` begin with."""

import sys
from pathlib import Path

import pytest

from lmcspec.store import Store

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


@pytest.fixture
def slots(monkeypatch):
    """The class of slots that actors of the stand-in for Ray hold; tests change it."""
    from fake_ray_for_tests import Slot

    from lmcspec_runners import ray_nodes, ray_seat

    class Own(Slot):
        pass

    monkeypatch.setattr(ray_seat, "actor_class", lambda ray: Own)
    monkeypatch.setattr(ray_nodes, "PAUSE", 0.0)
    return Own

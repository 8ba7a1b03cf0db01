"""The versions in use are the pinned ones: pins hold no hashes, so a package that is none of them would float."""

import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
FREE = {"lmcspec", "pip", "setuptools", "uv", "wheel"}


def test_everything_installed_is_as_pinned():
    lines = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    pins = [Requirement(line) for line in lines]
    pinned = {
        canonicalize_name(pin.name): str(pin.specifier) for pin in pins if not pin.marker or pin.marker.evaluate()
    }
    installed = {canonicalize_name(one.name): f"=={one.version}" for one in distributions()}
    floating = {name: version for name, version in installed.items() if pinned.get(name) != version}
    assert {name: version for name, version in floating.items() if name not in FREE} == {}


def test_no_address_of_an_index_is_committed():
    text = PYPROJECT.read_text()
    assert "://" not in text
    assert "index-url" not in text

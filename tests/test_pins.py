"""The versions in use are the pinned ones: pins hold no hashes, so a package that is none of them would float."""

import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
LOCK = PYPROJECT.with_name("uv.lock")
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


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_each_python_resolves_to_the_pins(python):
    """What uv has resolved of them, which `uv run` does first of all, is one version of each package, the pinned one."""
    linux = {"sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython"}
    here = {**linux, "python_version": python, "python_full_version": f"{python}.9"}
    lines = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    pins = [pin for pin in map(Requirement, lines) if not pin.marker or pin.marker.evaluate(here)]
    pinned = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    assert len(pinned) == len(pins), "one version of each package"
    packages = tomllib.loads(LOCK.read_text())["package"]
    resolved = {
        one["name"]: one["version"]
        for one in packages
        if one["name"] != "lmcspec"
        and any(Marker(marker).evaluate(here) for marker in one.get("resolution-markers", ["python_version > '3'"]))
    }
    assert resolved == pinned


def test_pins_do_not_repeat_for_which_machine_they_are():
    uv = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]
    conditions = [one.split(" ")[0] for one in uv["environments"][0].split(" and ")]
    assert [pin for pin in uv["constraint-dependencies"] if any(name in pin for name in conditions)] == []


def test_no_address_of_an_index_is_committed():
    text = PYPROJECT.read_text()
    assert "://" not in text
    assert "index-url" not in text

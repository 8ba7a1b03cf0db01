"""The versions in use are the pinned ones: pins hold no hashes, so a package that is none of them would float."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
LOCK = PYPROJECT.with_name("uv.lock")
PINS = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
PYTHONS = [
    text.rpartition(" ")[2]
    for text in tomllib.loads(PYPROJECT.read_text())["project"]["classifiers"]
    if re.search(r"Python :: \d\.\d+$", text)
]
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


MACHINES = {
    "a PC with Linux": ("linux", "x86_64"),
    "an arm64 machine with Linux": ("linux", "aarch64"),
    "a Mac": ("darwin", "arm64"),
}


def environment(machine, python):
    system, processor = MACHINES[machine]
    names = {"sys_platform": system, "platform_machine": processor, "platform_python_implementation": "CPython"}
    return {**names, "python_version": python, "python_full_version": f"{python}.9"}


def pins_for(here):
    lines = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    return [pin for pin in map(Requirement, lines) if not pin.marker or pin.marker.evaluate(here)]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_resolves_to_the_pins(python, machine):
    """What uv has resolved of them, which `uv run` does first of all, is one version of each package, the pinned one."""
    here = environment(machine, python)
    pins = pins_for(here)
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


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_nothing_that_a_machine_needs_has_to_be_built(python, machine):
    """Where a package has wheels at all, one of them is for this Python and this machine."""
    here = environment(machine, python)
    packages = {
        (one["name"], one["version"]): one for one in tomllib.loads(LOCK.read_text())["package"] if "wheels" in one
    }
    assert len(packages) > 100
    for name, version in needed(here):
        tags = [parse_wheel_filename(wheel["url"].rpartition("/")[2])[3] for wheel in packages[name, version]["wheels"]]
        assert any(fits(tag, python, machine) for tag in set().union(*tags)), (name, version)


def needed(here):
    """(name, version) of all packages that lmcspec needs there, with what they need in turn."""
    packages = tomllib.loads(LOCK.read_text())["package"]
    by_name = {}
    for one in packages:
        if any(Marker(marker).evaluate(here) for marker in one.get("resolution-markers", ["python_version > '3'"])):
            by_name[one["name"]] = one
    seen, waiting = set(), [("lmcspec", ())]
    while waiting:
        name, extras = waiting.pop()
        package = by_name[name]
        wanted = list(package.get("dependencies", []))
        for extra in extras:
            wanted += package.get("optional-dependencies", {}).get(extra, [])
        if name == "lmcspec":
            wanted += [need for group in package["dev-dependencies"].values() for need in group]
        for need in wanted:
            if "marker" not in need or Marker(need["marker"]).evaluate(here):
                step = need["name"], tuple(need.get("extra", ()))
                if step not in seen:
                    seen.add(step)
                    waiting.append(step)
    return sorted({(name, by_name[name]["version"]) for name, _ in seen})


def fits(tag, python, machine):
    """Whether a wheel's tag is for this Python on this machine."""
    system, processor = MACHINES[machine]
    digits = python.replace(".", "")
    stable = tag.abi == "abi3" and tag.interpreter.startswith("cp3") and int(tag.interpreter[3:]) <= int(digits[1:])
    of_python = tag.interpreter in ("py3", f"py{digits}") or tag.interpreter == f"cp{digits}" == tag.abi or stable
    of_cpython = tag.interpreter == f"cp{digits}" and tag.abi == "none"
    kinds = ("manylinux", "linux") if system == "linux" else ("macosx",)
    of_machine = tag.platform.startswith(kinds) and tag.platform.endswith((f"_{processor}", "_universal2"))
    return (of_python or of_cpython) and (tag.platform == "any" or of_machine)


def test_the_machines_here_are_those_that_are_resolved_for():
    environments = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]["environments"]
    for machine in MACHINES:
        assert sum(Marker(one).evaluate(environment(machine, PYTHONS[0])) for one in environments) == 1
    assert len(environments) == len(MACHINES)


def test_each_python_of_the_classifiers_may_install_it_and_no_other():
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    allowed = SpecifierSet(project["requires-python"])
    assert [f"3.{minor}" for minor in range(30) if f"3.{minor}.9" in allowed] == PYTHONS


def test_a_pin_says_no_more_than_for_which_python_it_is():
    markers = [str(pin.marker) for pin in map(Requirement, PINS) if pin.marker]
    assert markers
    assert all(re.fullmatch(r'python_full_version [<>]=? "[\d.]+"', marker) for marker in markers)


def test_no_address_of_an_index_is_committed():
    text = PYPROJECT.read_text()
    assert "://" not in text
    assert "index-url" not in text


def pin(markers):
    """What `.ci/pin.py` makes of two versions of a package with these markers; a message where it refuses them."""
    lines = [f"a=={number} ; {marker}" for number, marker in enumerate(markers)]
    script = f"import pin; print(*pin.pins({lines!r}), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], cwd=PYPROJECT.parent / ".ci", capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else done.stderr


OLD, NEW = "python_full_version < '3.12'", "python_full_version >= '3.12'"
LINUX, MAC = "sys_platform == 'linux'", "sys_platform == 'darwin'"


def test_a_pin_is_for_the_pythons_that_its_line_is_for_and_for_no_others():
    alike = f"({OLD} and {LINUX}) or ({OLD} and {MAC})"
    assert pin([alike, NEW]) == [f"a==0 ; {OLD}", f"a==1 ; {NEW}"]
    assert "for other Pythons on other machines" in pin([f"{OLD} or {NEW}", NEW])
    assert "for other Pythons on other machines" in pin([f"({OLD} and {LINUX}) or {MAC}", NEW])
    assert "not told from others by Python's" in pin([LINUX, NEW])

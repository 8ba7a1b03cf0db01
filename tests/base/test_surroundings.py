"""What reaches a child of the user's surroundings, and that the folder somebody is in has no say."""

import os
import re
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest

from lmcspec.base import surroundings as module
from lmcspec.base.surroundings import child_environment, foreign_environment, module_path, settle, worker_environment
from lmcspec.engine.provenance import provenance
from lmcspec.track.serve import environment

TRAPS = ("mlflow", "torch", "types", "random", "numpy", "json", "uvicorn", "sqlalchemy", "lmcspec", "matplotlib")


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """A working folder in which modules have the names of libraries."""
    for name in TRAPS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit(77)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    return tmp_path


@pytest.mark.parametrize("variable", ["", ":", ".", ":/nowhere:", "./", ".:/nowhere"])
def test_no_module_of_a_child_comes_from_the_working_folder(trapped, monkeypatch, variable):
    monkeypatch.setenv("PYTHONPATH", variable)
    program = f"import sys; sys.path[:] = {module_path()!r}; import random, types, json, numpy, typer"
    for environment_ in (worker_environment(), environment()):
        subprocess.run([sys.executable, "-P", "-c", program], env=environment_, check=True)
    again = "import importlib.util as u, sys; sys.exit(u.find_spec('uvicorn').origin.startswith(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", again, str(trapped)], env=environment(), check=True)


def test_a_folder_that_is_named_stays_though_it_is_the_working_one(trapped, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(trapped))
    monkeypatch.setattr(sys, "path", [str(trapped), *sys.path])
    assert str(trapped) in module_path() and str(trapped) in child_environment()["PYTHONPATH"]
    monkeypatch.setenv("PYTHONPATH", "")
    assert str(trapped) not in module_path()


def test_a_clone_is_found_though_it_is_the_working_folder(tmp_path, monkeypatch):
    """An editable package's folder is left out by its .pth file where an empty part of PYTHONPATH was there first."""
    packages, clone = tmp_path / "packages", tmp_path / "clone"
    packages.mkdir()
    clone.mkdir()
    monkeypatch.chdir(clone)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(packages) if name != "stdlib" else "/lib/python")
    monkeypatch.setattr(sys, "path", ["", str(clone), "/lib/python", str(packages)])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert module_path() == ["/lib/python", str(packages)]
    (packages / "_clone.pth").write_text(f"{clone}\n")
    assert module_path() == ["/lib/python", str(packages), str(clone)]


def test_where_the_working_folder_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert module_path()
    monkeypatch.chdir(tmp_path)


def test_what_was_meant_for_others_is_dropped_and_no_more(monkeypatch):
    dropped = dict.fromkeys((*module.FOR_PEOPLE, *module.ARITHMETIC, *module.TRACKING_SERVER), "1")
    kept = {
        "LD_PRELOAD": "",
        "CUDA_VISIBLE_DEVICES": "GPU-1",
        "MLFLOW_TRACKING_USERNAME": "ada",
        "SSL_CERT_FILE": "x",
        "LMCSPEC_DATA": "d",
        "TMPDIR": "/tmp",
    }
    for name, value in {**dropped, **kept}.items():
        monkeypatch.setenv(name, value)
    worker, server = worker_environment(), environment()
    assert kept.items() <= worker.items() and kept.items() <= server.items()
    assert not {*module.FOR_PEOPLE, *module.ARITHMETIC} & worker.keys()
    assert not {*module.FOR_PEOPLE, *module.TRACKING_SERVER} & server.keys()
    assert {worker[name] for name in module.THREADS} == {"1"}
    gone = os.environ.keys() - worker.keys()
    assert gone == {*module.FOR_PEOPLE, *module.ARITHMETIC}, "nothing else"


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "TkAgg", "nonsense"])
def test_no_notebook_s_backend_reaches_a_child(backend, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", backend)
    program = "import matplotlib; assert matplotlib.get_backend().lower() == 'agg'"
    subprocess.run([sys.executable, "-c", program], env=child_environment(), check=True)


@pytest.mark.parametrize(
    ("given", "spared"),
    [
        ({"http_proxy": "http://p:1"}, "localhost,127.0.0.1,::1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.org"}, "a.org,localhost,127.0.0.1,::1"),
        ({"all_proxy": "http://p:1", "no_proxy": "b.org, localhost", "NO_PROXY": "a.org"}, "b.org,localhost,a.org,127.0.0.1,::1"),
        ({"http_proxy": "http://p:1", "no_proxy": "*"}, "*"),
        ({"NO_PROXY": "a.org"}, None),
    ],
)  # fmt: skip
def test_a_proxy_is_passed_on_and_spared_this_machine(given, spared, monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = child_environment()
    assert {name: found[name] for name in given if name.lower() != "no_proxy"}.items() <= given.items()
    assert found.get("no_proxy") == spared


def test_a_command_settles_in_its_own_process(trapped, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settle()
        warnings.warn("of a library", DeprecationWarning, stacklevel=1)
    assert "" not in sys.path and os.environ["MPLBACKEND"] == "Agg" and "PYTHONWARNINGS" not in os.environ


def test_a_child_can_say_every_sign(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    said = subprocess.run(
        [sys.executable, "-c", "print('±…')"], env=child_environment(), capture_output=True, check=True
    )
    assert said.stdout.decode() == "±…\n"


def test_git_is_asked_about_the_spec_s_folder_in_a_hook_of_another(tmp_path, monkeypatch):
    plain = foreign_environment(drop=module.REPOSITORY)
    commits = []
    for name in ("mine", "other"):
        folder = tmp_path / name
        folder.mkdir()
        git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", f"user.email={name}@b.c"]
        subprocess.run([*git, "init", "-q"], check=True, env=plain)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", name], check=True, env=plain)
        commits.append(
            subprocess.run(
                [*git, "rev-parse", "HEAD"], check=True, env=plain, capture_output=True, text=True
            ).stdout.strip()
        )
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert provenance("x", tmp_path / "mine").commit == commits[0] != commits[1]
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    subprocess.run(["git", "-C", str(tmp_path / "mine"), "config", "core.fsmonitor", str(hook)], check=True, env=plain)
    assert provenance("x", tmp_path / "mine").commit == commits[0] and not Path(tmp_path, "ran").exists()


def test_no_other_place_reads_the_whole_environment():
    root = Path(module.__file__).parents[1]
    files = [*root.rglob("*.py"), *(root.parent / "runners").rglob("*.py")]
    found = [
        file.name for file in files if any(sign in file.read_text() for sign in ("**os.environ", "os.environ.copy()"))
    ]
    assert found == []


@pytest.mark.parametrize("how", [["-m", "lmcspec"], ["-c", "from lmcspec.__main__ import main; main()"]])
def test_not_even_the_first_modules_come_from_the_working_folder(how, tmp_path):
    for name in ("typer", "platform", "glob", "logging", "sysconfig", "json", "pydantic"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the working folder')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", ""])}
    order = [sys.executable, *how, "plan", "--help"]
    said = subprocess.run(order, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "of the working folder" not in said.stderr, said.stderr


@pytest.mark.parametrize("place", ["stdlib", "purelib"])
def test_a_command_works_in_the_folder_of_the_libraries(place):
    order = [sys.executable, "-P", "-c", "from lmcspec.__main__ import main; main()", "plan", "--help"]
    folder = sysconfig.get_path(place)
    said = subprocess.run(order, cwd=folder, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_the_page_names_every_variable():
    """Those of lmcspec, as they stand in its source, and those of others that say where a command turns to."""
    root = Path(__file__).parents[2]
    source = "".join(
        path.read_text(encoding="utf-8") for folder in ("lmcspec", "runners") for path in (root / folder).rglob("*.py")
    )
    named = {*re.findall(r"\b_?LMCSPEC_[A-Z_]+\b", source), "MLFLOW_TRACKING_URI", "RAY_ADDRESS"}
    page = (root / "docs" / "surroundings.md").read_text(encoding="utf-8")
    assert len(named) > 10
    assert sorted(name for name in named if f"`{name}`" not in page) == []
    assert sorted(name for name in re.findall(r"`(_?LMCSPEC_[A-Z_]+)`", page) if name not in source) == []

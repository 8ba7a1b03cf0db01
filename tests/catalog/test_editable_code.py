"""Packages installed for editing by a finder of their own: their code and their files are seen where they lie."""

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from lmcspec.catalog import CriterionCard, Named
from lmcspec.catalog.code import code_of, look_again

PLACE = "__editable__.plug.finder.__path_hook__"
"""What setuptools puts on the path, and into that of a namespace: no folder has this name."""


@pytest.fixture
def install(monkeypatch):
    """Install packages by `{name: folder or module}` as setuptools does, those in `namespaces` without a file."""

    def by(mapping, namespaces=()):
        class Finder:
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                if name in mapping:
                    there = (Path(mapping[name]) / "__init__.py", Path(mapping[name]).with_suffix(".py"))
                    return next((spec_from_file_location(name, one) for one in there if one.exists()), None)
                parent = name.rpartition(".")[0]
                return PathFinder.find_spec(name, [str(mapping[parent])]) if parent in mapping else None

        class OfNamespaces:
            @classmethod
            def hook(cls, path):
                if path != PLACE:
                    raise ImportError
                return cls

            @classmethod
            def find_spec(cls, name, target=None):
                if name not in namespaces:
                    return None
                spec = ModuleSpec(name, None, is_package=True)
                spec.submodule_search_locations = [PLACE]
                return spec

        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
        monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks, OfNamespaces.hook])
        monkeypatch.setattr(sys, "path", [*sys.path, PLACE])
        monkeypatch.delitem(sys.path_importer_cache, PLACE, raising=False)

    yield by
    sys.path_importer_cache.pop(PLACE, None)
    look_again()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def seen(module):
    look_again()
    return code_of(CriterionCard(name="mine", doc="", config=Named, implementation=f"{module}:scores"))


def moves(module, path, text="x = 2\n") -> bool:
    """Whether another text of a file makes it other code."""
    before, old = seen(module), path.read_text() if path.exists() else None
    write(path, text)
    after = seen(module)
    path.unlink() if old is None else path.write_text(old)
    assert seen(module) == before
    return after != before


def test_a_package_in_a_folder_of_another_name(tmp_path, install):
    write(tmp_path / "lib" / "__init__.py", "")
    write(tmp_path / "lib" / "model.py", "from edited.deep import part\nimport beside\n")
    write(tmp_path / "lib" / "deep" / "part.py", "x = 1\n")
    write(tmp_path / "beside.py", "x = 1\n")
    write(tmp_path / "unused.py", "x = 1\n")
    install({"edited": tmp_path / "lib", "beside": tmp_path / "beside"})
    assert moves("edited.model", tmp_path / "lib" / "model.py")
    assert moves("edited.model", tmp_path / "lib" / "deep" / "part.py")
    assert moves("edited.model", tmp_path / "beside.py")
    assert not moves("edited.model", tmp_path / "unused.py")


def test_a_package_in_a_namespace(tmp_path, install, monkeypatch):
    write(tmp_path / "src" / "inner" / "__init__.py", "")
    write(tmp_path / "src" / "inner" / "model.py", "from .part import x\nimport elsewhere\n")
    write(tmp_path / "src" / "inner" / "part.py", "x = 1\n")
    write(tmp_path / "here" / "elsewhere.py", "x = 1\n")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(tmp_path / "here")
    install({"space.inner": tmp_path / "src" / "inner"}, ["space"])
    assert moves("space.inner.model", tmp_path / "src" / "inner" / "part.py")
    assert not moves("space.inner.model", tmp_path / "here" / "elsewhere.py"), "the working folder is not its home"


@pytest.mark.parametrize("depth", ["space", "space.deeper"])
def test_the_files_that_such_a_package_reads(tmp_path, install, depth):
    inner = tmp_path / "src" / "inner"
    write(inner / "__init__.py", "")
    write(inner / "model.py", "weights = __file__\n")
    write(inner / "w.txt", "1")
    install({f"{depth}.inner": inner}, ["space", "space.deeper"])
    assert moves(f"{depth}.inner.model", inner / "w.txt", "2")
    assert moves(f"{depth}.inner.model", inner / "data" / "new.txt", "2")

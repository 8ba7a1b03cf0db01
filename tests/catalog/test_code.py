"""The code of cards that aren't built in: what is followed, what moves its digest, and what leaves it."""

import py_compile
import sys
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
from cards_for_tests import all_cards

from lmcspec.base.errors import StoreError
from lmcspec.catalog import CriterionCard, DatasetCard, ModelCard, Named, built_in
from lmcspec.catalog.code import CodeError, check_planned, code_of, look_again

PACKAGE = {
    "__init__.py": "",
    "cards.py": "raise ImportError('nothing is imported to find a digest')",
    "model.py": "import torch\nfrom myplug.layers import act\nfrom . import blocks\n\ndef build(): ...\n\ndef other(): ...\n",
    "layers.py": "from .deep.inner import f\n\ndef act(x):\n    return f(x).relu()\n",
    "blocks.py": "def use():\n    from .lazy import late\n",
    "lazy.py": "late = 1\n",
    "deep/__init__.py": "first = 1\n",
    "deep/inner.py": "from ..sideways import g as f\n",
    "sideways.py": "def g(x): return x\n",
    "unused.py": "never = 1\n",
}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder on the path, with a package in it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("lmcspec.catalog.code._seen", {})  # what other tests called by the same name
    write(tmp_path / "myplug", PACKAGE)
    yield tmp_path / "myplug"
    for name in [one for one in sys.modules if one.partition(".")[0] in ("myplug", "single", "beside")]:
        del sys.modules[name]
    look_again()


def card(implementation="myplug.model:build", **more):
    return ModelCard(name="mine", doc="", config=Named, implementation=implementation, **more)


def seen(one=None):
    look_again()
    return code_of(one or card())


def test_no_built_in_card_has_code_in_its_ids():
    own = {id(one) for kind in ("model", "dataset", "criterion", "distiller") for one in built_in(kind).values()}
    assert own and all(code_of(one) is None for one in all_cards() if id(one) in own)


@pytest.mark.parametrize(
    "name",
    [
        "model.py",
        "layers.py",
        "blocks.py",
        "lazy.py",
        "deep/inner.py",
        "deep/__init__.py",
        "__init__.py",
        "sideways.py",
    ],
)
def test_an_edit_of_anything_that_it_imports_moves_the_code(place, name):
    before = seen()
    text = (place / name).read_text()
    (place / name).write_text(text + "x = 1\n")
    assert seen() != before
    (place / name).write_text(text)
    assert seen() == before


def test_what_it_does_not_import_does_not(place):
    before = seen()
    (place / "unused.py").write_text("never = 2\n")
    (place / "cards.py").write_text("raise ImportError('others')")
    (place / "new.py").write_text("")
    assert seen() == before
    assert "myplug" not in sys.modules and "myplug.model" not in sys.modules


def test_a_module_that_comes_to_stand_where_an_attribute_was(place):
    before = seen()
    (place / "layers").mkdir()
    (place / "layers.py").rename(place / "layers" / "__init__.py")
    (place / "layers" / "act.py").write_text("")
    (place / "layers" / "__init__.py").write_text("from ..deep.inner import f\n")
    assert seen() != before


def test_the_function_and_the_layer_of_features_are_part_of_it(place):
    assert len({seen(), seen(card("myplug.model:other")), seen(card(classifier="head"))}) == 3


def test_the_same_source_elsewhere_is_the_same_code(place, tmp_path, monkeypatch):
    before = seen()
    write(tmp_path / "other" / "myplug", PACKAGE)
    (tmp_path / "other" / "myplug" / "layers.py").write_bytes(PACKAGE["layers.py"].replace("\n", "\r\n").encode())
    place.rename(tmp_path / "gone")
    monkeypatch.syspath_prepend(tmp_path / "other")
    assert seen() == before


def test_a_declared_version_stands_for_the_code(place):
    before = seen(card(version=3))
    (place / "model.py").write_text("def build(): return 1\n")
    assert seen(card(version=3)) == before == "version 3"
    assert seen(card(version=4)) == "version 4"
    (place / "model.py").unlink()
    assert seen(card(version=3)) == before, "its source need not be found"


@pytest.mark.parametrize(
    "text",
    [
        "from importlib import import_module\nuse = import_module('.unused', __package__)\n",
        "use = __import__('myplug.unused')\n",
        "import importlib\ndef build(name='unused'): return importlib.import_module(f'myplug.{name}')\n",
        "from pathlib import Path\nsource = Path(__file__).with_name('unused.py').read_text()\n",
        "from importlib import resources\ndata = resources.files('myplug')\n",
        "from . import *\n",
        "exec(open('somewhere').read())\n",
    ],
)
def test_what_no_import_statement_tells_of_is_seen_too(place, text):
    (place / "model.py").write_text(text)
    before = seen()
    (place / "unused.py").write_text("never = 2\n")
    assert seen() != before


def test_data_files_count_where_a_module_asks_where_it_lies(place):
    (place / "model.py").write_text("import os\nweights = os.path.join(os.path.dirname(__file__), 'w.bin')\n")
    (place / "w.bin").write_bytes(b"1")
    before = seen()
    (place / "w.bin").write_bytes(b"2")
    assert seen() != before
    again = seen()
    (place / "__pycache__").mkdir(exist_ok=True)
    (place / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"")
    (place / ".hidden").write_text("")
    assert seen() == again


def test_single_modules_and_their_neighbours(place, tmp_path):
    (tmp_path / "single.py").write_text("import beside\nimport torch, json\n")
    (tmp_path / "beside.py").write_text("x = 1\n")
    before = seen(card("single:build"))
    (tmp_path / "beside.py").write_text("x = 2\n")
    assert seen(card("single:build")) != before


def test_neighbours_among_installed_packages_are_other_packages(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    write(folder, {"single.py": "import beside\n", "beside.py": "x = 1\n"})
    monkeypatch.syspath_prepend(folder)
    before = seen(card("single:build"))
    (folder / "beside.py").write_text("x = 2\n")
    assert seen(card("single:build")) == before


def test_a_package_without_a_file_of_its_own(place):
    (place / "__init__.py").unlink()
    (place / "deep" / "__init__.py").unlink()
    before = seen()
    (place / "deep" / "inner.py").write_text("from ..sideways import g as f  # other\n")
    assert seen() != before


def test_compiled_modules_count_by_their_bytes(place):
    suffix = EXTENSION_SUFFIXES[0]
    (place / "layers.py").unlink()
    (place / f"layers{suffix}").write_bytes(b"\x7fELF 1")
    before = seen()
    (place / f"layers{suffix}").write_bytes(b"\x7fELF 2")
    assert seen() != before


def test_modules_in_an_archive(tmp_path, monkeypatch):
    import zipfile

    for number in (1, 2):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            archive.writestr("zipped/__init__.py", "")
            archive.writestr("zipped/model.py", "from .part import x\n")
            archive.writestr("zipped/part.py", f"x = {number}\n")
    codes = []
    for number in (1, 2):
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / f"{number}.zip")
            codes.append(seen(card("zipped.model:build")))
    assert codes[0] != codes[1]


def test_without_source_a_version_must_be_declared(place):
    py_compile.compile(str(place / "layers.py"), cfile=str(place / "layers.pyc"))
    (place / "layers.py").unlink()
    for broken in (
        card(),
        card("myplug.nowhere:build"),
        card("nowhere_at_all:build"),
        card("__main__:build"),
        card("sys:exit"),
    ):
        with pytest.raises(CodeError, match="`mine`") as refused:
            seen(broken)
        assert "version = 1" in refused.value.help


@pytest.mark.parametrize(
    "text",
    [
        b"def build(:\n",
        b"\xff\xfe\x00",
        b"# coding: nonsense\n",
        b"from .... import far\n",
        b"x = " + b"(" * 2000 + b")" * 2000,
    ],
)
def test_source_that_is_none_is_an_error_and_no_traceback(place, text):
    (place / "layers.py").write_bytes(text)
    with pytest.raises(CodeError, match=r"myplug\.layers"):
        seen()


def test_a_package_that_is_too_large_to_be_taken_whole(place, monkeypatch):
    (place / "model.py").write_text("here = __file__\n")
    monkeypatch.setattr("lmcspec.catalog.code.MOST_FILES", 5)
    with pytest.raises(CodeError, match="more than 5 files"):
        seen()


def test_the_facts_of_a_data_set_are_code_too(place):
    def data(facts):
        return DatasetCard(name="mine", doc="", config=Named, implementation="myplug.lazy:load", facts=facts)

    before = seen(data("myplug.unused:facts"))
    (place / "unused.py").write_text("never = 2\n")
    assert seen(data("myplug.unused:facts")) != before


def test_a_plug_in_s_name_for_code_of_lmcspec_has_none():
    own = CriterionCard(name="mine", doc="", config=Named, implementation="lmcspec.science.criteria.magnitude:scores")
    assert code_of(own) is None


def test_another_code_than_planned_is_not_run(place):
    planned = seen()
    check_planned(card(), planned)
    text = (place / "layers.py").read_text()
    (place / "layers.py").write_text(text + "\n")
    look_again()
    with pytest.raises(StoreError, match="another than when this was planned"):
        check_planned(card(), planned)
    with pytest.raises(StoreError, match="after this process had begun"):
        check_planned(card(), code_of(card()))
    (place / "layers.py").write_text(text)
    look_again()
    check_planned(card(), planned)
    with pytest.raises(StoreError, match="another than when this was planned"):
        check_planned(card(), None)

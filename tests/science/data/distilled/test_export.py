"""Distilled sets as files: every form comes back bitwise, and says what it can't hold."""

import pytest
import torch

from lmcspec.base.errors import UsageError
from lmcspec.science.data import DataError, Space
from lmcspec.science.data.distilled.distilled_set import Distilled, distilled_facts, load_distilled
from lmcspec.science.data.distilled.export import check_output, export, tells_space, unsaid, usual_form

RAW, ZCA = Space("raw"), Space("zca")
STANDARD = Space("standardised", (0.5,) * 3, (0.25,) * 3)
NAMES = {"mtt": "set_images.pt", "idc": "set.pt", "dc": "set.pt", "safetensors": "set.safetensors"}


@pytest.fixture
def made():
    """A function that makes a set whose pixels are as its space has them."""

    def make(space=RAW, **more) -> Distilled:
        draws = torch.Generator().manual_seed(0)
        images = torch.rand(20, 3, 8, 8, generator=draws)
        if space == STANDARD:
            images = (images - 0.5) / 0.25
        if space == ZCA:
            images = torch.randn(20, 3, 8, 8, generator=draws) / 2
        return Distilled(images, torch.arange(10).repeat_interleave(2), space, **more)

    return make


@pytest.mark.parametrize(
    ("form", "space", "factor"),
    [
        *(("mtt", space, 1) for space in (RAW, STANDARD, ZCA)),
        *(("dc", space, 1) for space in (RAW, STANDARD, ZCA)),
        *(("idc", RAW, factor) for factor in (1, 2)),
        *(("safetensors", space, 1) for space in (RAW, STANDARD, ZCA)),
        ("safetensors", RAW, 2),
    ],
)
def test_what_is_exported_is_loaded_again_bitwise(tmp_path, made, form, space, factor):
    one = made(space, factor=factor)
    files = export(one, tmp_path / NAMES[form], form)
    assert sorted(files) == sorted(tmp_path.iterdir()), "and no draft is left"
    assert files[0] == tmp_path / NAMES[form]
    assert tells_space(one, form) and unsaid(one, form) == []
    again = load_distilled(files[0], space, 10, (3, 8, 8), factor=factor)
    assert torch.equal(again.images, one.images) and torch.equal(again.labels, one.labels)
    assert (again.space, again.factor) == (space, factor)
    own = export(one, tmp_path / "own.safetensors", "safetensors")
    facts = [distilled_facts(path, 10, (3, 8, 8), factor) for path in (files[0], *own)]
    assert facts[0] == facts[1], "so what trains on one file trains on the other"


@pytest.mark.parametrize(
    ("form", "space", "factor", "why"),
    [
        ("idc", STANDARD, 1, "standardised"),
        ("idc", ZCA, 1, "zca"),
        ("mtt", RAW, 2, "2 x 2"),
        ("dc", RAW, 3, "3 x 3"),
    ],
)
def test_a_form_that_cannot_hold_a_set_writes_nothing(tmp_path, made, form, space, factor, why):
    with pytest.raises(DataError, match=why):
        export(made(space, factor=factor), tmp_path / NAMES[form], form)
    assert list(tmp_path.iterdir()) == []


def test_what_a_form_leaves_out_is_said(made):
    rated = made(STANDARD, rate=0.0125)
    assert ["0.0125" in note for note in unsaid(rated, "mtt")] == [True]
    assert unsaid(rated, "safetensors") == []
    one = made(RAW)
    wild = Distilled(one.images * 3, one.labels, RAW)
    assert not tells_space(wild, "idc") and tells_space(wild, "safetensors")
    assert "look standardised" in unsaid(wild, "idc")[0]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("failed writing file\nat …")])
@pytest.mark.parametrize("before", [False, True])
def test_a_full_disk_leaves_what_was_there(tmp_path, made, monkeypatch, error, before):
    if before:
        export(made(), tmp_path / "set_images.pt", "mtt")
    there = {path: path.read_bytes() for path in tmp_path.iterdir()}
    save = torch.save

    def fills(what, path):
        if what.dtype == torch.int64:
            raise error
        save(what, path)

    monkeypatch.setattr(torch, "save", fills)
    with pytest.raises(OSError, match=r"No space|failed writing"):
        export(made(STANDARD), tmp_path / "set_images.pt", "mtt")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == there


@pytest.mark.parametrize(
    ("method", "name", "form"),
    [("mtt", "x.pt", "mtt"), ("dm", "x.pt", "dc"), ("idc", "x", "idc"), ("mtt", "x.safetensors", "safetensors")],
)
def test_the_usual_form_is_that_in_which_sets_of_a_method_are_published(tmp_path, method, name, form):
    assert usual_form(method, tmp_path / name) == form


@pytest.mark.parametrize(
    ("form", "name", "says"),
    [
        ("mtt", "set_images.pt", ""),
        ("safetensors", "set.safetensors", ""),
        ("dc", "set.safetensors", "call it set.pt"),
        ("safetensors", "set.pt", "call it set.safetensors"),
        ("mtt", "set.pt", "call it set_images.pt"),
        ("dc", "nowhere/set.pt", "mkdir -p"),
        ("dc", "there.pt", "--force"),
        ("mtt", "old_images.pt", "--force"),
        ("dc", "folder", "name a file in it"),
    ],
)
def test_files_get_names_by_which_they_are_found_again(tmp_path, form, name, says):
    (tmp_path / "there.pt").touch()
    (tmp_path / "old_labels.pt").touch()
    (tmp_path / "folder").mkdir()
    if not says:
        check_output(tmp_path / name, form, replace=False)
        return
    with pytest.raises(UsageError) as raised:
        check_output(tmp_path / name, form, replace=False)
    assert says in raised.value.help
    if says == "--force":
        check_output(tmp_path / name, form, replace=True)

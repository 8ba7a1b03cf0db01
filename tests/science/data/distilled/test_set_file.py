"""A distilled set's file is read in one way by plan and run: what it holds is what its tensors say."""

import json
import os
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lmcspec.base.errors import StaleError
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.distilled.distilled_set import (
    Distilled,
    distilled_facts,
    load_distilled,
    read_own,
    save_distilled,
)
from lmcspec.science.data.distilled.published import NoSet
from lmcspec.science.data.distilled.set_file import OtherSpace, check_space, read_set
from lmcspec.science.data.spaces import Space

SHAPE = (1, 8, 8)
RAW = Space()
STANDARD = Space("standardised", (0.3054,), (0.3761,))
ZCA = Space("zca")


@pytest.fixture
def images():
    return torch.rand(60, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    return torch.arange(60) % 10


def both(path, **more):
    """The error of a plan and that of a run, which have to be the same."""
    with pytest.raises(DataError) as planned:
        distilled_facts(path, 10, SHAPE, space="raw", **more)
    with pytest.raises(DataError) as ran:
        load_distilled(path, RAW, 10, SHAPE, **more)
    assert (str(planned.value), planned.value.help) == (str(ran.value), ran.value.help)
    assert planned.value.help
    return planned.value


def facts(path, **more):
    return distilled_facts(path, 10, SHAPE, **more)


def test_a_slice_is_as_many_images_as_it_has(tmp_path, images, labels):
    """Saved without a copy the file holds all of them; the tensor is twenty."""
    path = tmp_path / "set.pt"
    torch.save([images[:20], labels[:20]], path)
    found = facts(path)
    assert found.train == 20
    made = load_distilled(path, RAW, 10, SHAPE)
    assert torch.equal(made.images, images[:20]) and torch.equal(made.labels, labels[:20])
    torch.save([images[:20].clone(), labels[:20].clone()], path)
    assert facts(path).digest == found.digest
    torch.save([images[20:40], labels[20:40]], path)
    assert facts(path).digest != found.digest, "another slice of the same storage"


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[10:30],
        lambda x: x[::3],
        lambda x: x.transpose(2, 3),
        lambda x: x[:1].expand(20, *SHAPE),
        lambda x: x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
        lambda x: torch.nn.Parameter(x[:20]),
        lambda x: x.flip(3)[5:25],
        lambda x: x.view(30, 2, 8, 8)[:, :1],
    ],
)
def test_the_digest_is_that_of_the_values_however_they_are_stored(tmp_path, images, view, new):
    some = view(images)
    labels = torch.arange(len(some)) % 10
    torch.save([some, labels], tmp_path / "view.pt", _use_new_zipfile_serialization=new)
    save_distilled(tmp_path / "own.safetensors", Distilled(some.detach().contiguous(), labels, RAW))
    assert facts(tmp_path / "view.pt") == facts(tmp_path / "own.safetensors")
    assert torch.equal(load_distilled(tmp_path / "view.pt", RAW, 10, SHAPE).images, some.detach())


def test_two_tensors_of_one_storage_are_two(tmp_path, images):
    """As a file has them that was made by cutting one tensor up."""
    path, labels = tmp_path / "res.pt", torch.arange(20) % 10
    torch.save({"data": [[images[:20], labels], [images[20:40], labels]]}, path)
    first, second = (facts(path, which=which) for which in (0, 1))
    assert (first.train, second.train) == (20, 20)
    assert first.digest != second.digest
    assert torch.equal(load_distilled(path, RAW, 10, SHAPE, which=1).images, images[20:40])


def test_a_tuple_is_as_good_as_a_list(tmp_path, images, labels):
    torch.save((images, labels), tmp_path / "tuple.pt")
    torch.save([images, labels], tmp_path / "list.pt")
    assert facts(tmp_path / "tuple.pt") == facts(tmp_path / "list.pt")


@pytest.mark.parametrize(
    ("change", "message", "help"),
    [
        (lambda x, y: (x.permute(0, 2, 3, 1), y), r"shape \(8, 8, 1\)", "permute(0, 3, 1, 2)"),
        (lambda x, y: (x[:, 0], y), r"shape \(8, 8\)", "images[:, None]"),
        (lambda x, y: (x.flatten(1), y), r"shape \(64,\)", "reshape(-1, 1, 8, 8)"),
        (lambda x, y: (x.expand(-1, 3, -1, -1), y), r"shape \(3, 8, 8\)", "3 channels"),
        (lambda x, y: (x[:, :, :4], y), r"shape \(1, 4, 8\)", "resize"),
        (lambda x, y: (x.double(), y), "float64", "images.float()"),
        (lambda x, y: (x.half(), y), "float16", "images.float()"),
        (lambda x, y: (x.bfloat16(), y), "bfloat16", "images.float()"),
        (lambda x, y: (x.mul(255).byte(), y), "uint8", "images.float() / 255"),
        (lambda x, y: (x.mul(255), y), "pixels are 0 to 255: divide by 255", "raw"),
        (lambda x, y: (x.mul(65535), y), "pixels are 0 to 65,535: divide by 65535", "raw"),
        (lambda x, y: (x.mul(2).sub(1), y), "pixels are -1 to 1", "(x + 1) / 2"),
        (lambda x, y: (x, y.int()), "labels are int32", "labels.long()"),
        (lambda x, y: (x, y.float()), "labels are float32", "labels.long()"),
        (lambda x, y: (x, y[:, None]), r"int64 \(60, 1\)", "flatten()"),
        (lambda x, y: (x, torch.eye(10)[y]), r"float32 \(60, 10\)", "argmax(1)"),
        (lambda x, y: (x, torch.nn.functional.one_hot(y)), r"int64 \(60, 10\)", "argmax(1)"),
        (lambda x, y: (x, y[:59]), r"\(59,\)", "59"),
        (lambda x, y: (x, y + 1), "1 … 10", "labels - 1"),
        (lambda x, y: (x, y - 1), "-1 … 8", ""),
        (lambda x, y: (x, y * 2), "0 … 18", ""),
        (lambda x, y: (x[:0], y[:0]), "no images", ""),
        (lambda x, y: (x.where(x > 0.01, torch.nan), y), "not finite", ""),
        (lambda x, y: (x.numpy(), y.numpy()), "array of numpy", "from_numpy"),
        (lambda x, y: (x.to_sparse(), y), "sparse", "torch.save"),
        (lambda x, y: {"images": x, "labels": y}, "table of 2 .'images', 'labels'", "torch.save"),
        (lambda x, y: [(x[0], 3), (x[1], 4)], "list of 2", "torch.stack"),
        (lambda x, y: (x, y, y), "tuple of 3", "torch.save"),
        (lambda x, y: x, "no `images` in its name", "torch.save"),
        (lambda x, y: torch.nn.Linear(2, 2), "which is not run", "torch.save"),
    ],
)
def test_what_a_run_would_refuse_is_an_error_of_the_plan_that_says_the_fix(
    tmp_path, images, labels, change, message, help
):
    path = tmp_path / "set.pt"
    torch.save(change(images, labels), path)
    error = both(path)
    assert path.name in str(error)
    assert re.search(message, str(error)), str(error)
    assert help in error.help


@pytest.mark.parametrize("factor", [3, 5, 8])
def test_a_factor_whose_tiles_would_be_empty_is_refused(tmp_path, images, labels, factor):
    path = tmp_path / "set.pt"
    torch.save([images, labels], path)
    if factor == 5:  # 8 pixels are four tiles of 2
        assert "5 tiles along 8 pixels" in str(both(path, factor=factor))
    else:
        assert facts(path, factor=factor).train == 60 * factor**2


def test_a_factor_or_a_rate_that_its_file_contradicts_is_refused(tmp_path, images, labels):
    path = tmp_path / "set.safetensors"
    save_distilled(path, Distilled(images, labels, RAW, factor=2))
    assert "its factor is 2, not 4" in str(both(path, factor=4))
    assert facts(path, factor=2) == facts(path)
    for rate in (float("nan"), -0.1, 0.0):
        save_distilled(path, Distilled(images, labels, RAW, rate=rate))
        assert "rate that was learned" in str(both(path))


def note_of(name, mean, std, eps=0.1):
    return {"space": json.dumps({"name": name, "mean": mean, "std": std, "eps": eps})}


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ({"factor": "-1"}, "factor is -1"),
        ({"factor": "1e9"}, "invalid literal"),
        ({"factor": "1000000"}, "factor is 1000000"),
        ({"space": "raw"}, "not JSON"),
        ({"space": "[]"}, "another form"),
        ({"space": "{}"}, "mean"),
        ({"space": json.dumps({"name": "raw", "mean": 3, "std": [], "eps": 0.1})}, "not iterable"),
        ({"space": json.dumps({"name": "hsv", "mean": [], "std": [], "eps": 0.1})}, "no space 'hsv'"),
        ({"space": "[" * 100_000}, "deep"),
        (note_of("raw", [0.5], [0.5]), "its space is 'raw', which has no mean and std"),
        (note_of("raw", [], [1]), "its space is 'raw', which has no mean and std"),
        ({"space": json.dumps({"name": "raw", "mean": [0], "std": [1]})}, "which has no mean and std"),
        (note_of("zca", [0.0] * 3, [1.0] * 3), "its space is 'zca', which has no mean and std"),
        (note_of("raw", [], [], "0.1"), "numbers that mean nothing"),
        (note_of("standardised", [0.5], []), "a positive std per channel"),
        ({"classes": '{"a": 1}'}, "another form"),
        ({"rate": "fast"}, "could not convert"),
    ],
)
def test_notes_of_strangers_are_read_with_care(tmp_path, images, labels, note, message):
    path = tmp_path / "set.safetensors"
    save_file({"images": images, "labels": labels}, path, metadata=note)
    assert message in str(both(path))


def test_numbers_that_a_space_does_not_use_are_not_looked_at(tmp_path, images, labels):
    """Else a plan, which goes by the name, would take a set that a run does not know."""
    path = tmp_path / "set.safetensors"
    for study, note in (RAW, note_of("raw", [], [], 0)), (STANDARD, note_of("standardised", [0.3054], [0.3761], 0.5)):
        save_file({"images": images, "labels": labels}, path, metadata=note)
        check_space(path, read_set(path, 10, SHAPE), study.name, study)
        assert read_own(path, 10, SHAPE).space == load_distilled(path, study, 10, SHAPE).space == study


def test_other_files_get_a_sentence_that_helps(tmp_path, images):
    np.savez(tmp_path / "set.npz", images=images.numpy())
    np.save(tmp_path / "set.npy", images.numpy())
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.pt")
    torch.save([images], tmp_path / "set.safetensors")
    save_file({"images": images}, tmp_path / "lone.safetensors")
    save_file({"images": images}, tmp_path / "named.pt")
    (tmp_path / "loop.pt").symlink_to(tmp_path / "loop.pt")
    for name, help in (
        ("set.npz", 'a = numpy.load("set.npz"), torch.save'),
        ("set.npy", 'numpy.load("set.npy")'),
        ("folder", 'dataset = { name = "folder", root = "folder" }'),
        ("pipe.pt", "a distilled set is"),
        ("set.safetensors", "call it set.pt"),
        ("lone.safetensors", "a distilled set is"),
        ("named.pt", "call it named.safetensors"),
        ("loop.pt", "a distilled set is"),
    ):
        error = both(tmp_path / name)
        assert isinstance(error, NoSet), name
        assert help in error.help, (name, error.help)
    (tmp_path / "away.pt").symlink_to(tmp_path / "nowhere.pt")
    assert isinstance(both(tmp_path / "away.pt"), MissingData)


def space_error(images, declared, study, own, tmp):
    path = tmp / "set.safetensors"
    note = (
        {} if own is None else {"space": json.dumps({"name": own.name, "mean": own.mean, "std": own.std, "eps": 0.1})}
    )
    save_file({"images": images, "labels": torch.arange(len(images)) % 10}, path, metadata=note or None)
    with pytest.raises(OtherSpace) as caught:
        check_space(path, read_set(path, 10, SHAPE), declared, study)
    return caught.value


@pytest.mark.parametrize("declared", ["raw", "standardised", "zca"])
@pytest.mark.parametrize(("scale", "said"), [(255, "0 to 255"), (65535, "0 to 65,535"), (16, "0 to 16")])
@pytest.mark.parametrize("own", [None, RAW, STANDARD])
def test_pixels_that_were_never_divided_are_said_to_be_that(tmp_path, images, declared, scale, said, own):
    """Whatever the spec or the file says of them: calling them standardised made networks of noise."""
    images = images.clone()
    images[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    error = space_error(images * scale, declared, STANDARD, own, tmp_path)
    assert f"pixels are {said}: divide by" in str(error)
    assert 'space = "raw"' in error.help


@pytest.mark.parametrize("declared", ["raw", "standardised", "zca"])
@pytest.mark.parametrize("own", [None, RAW, STANDARD])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x * 255 - 128, "-128 to 127, and were never divided by 255"),
        (lambda x: x * 255 - (x * 255).mean(0), "and were never divided by 255"),
        (lambda x: x * 255 - 255, "-255 to 0, and were never divided by 255"),
        (lambda x: x * 65535 - 32768, "and were never divided by 65535"),
        (lambda x: x * 1000 - 500, "-500 to 500, and were never divided by what white is"),
        (lambda x: (x > 0.97) * 253.0 - 1.5, "-1.5 to 251.5, and were never divided by 255"),
        (lambda x: (x > 0.97) * 255.0, "0 to 255"),
        (lambda x: (x > 0.999) * 200.0, "0 to 255"),
    ],
)
def test_taking_a_mean_off_or_a_dark_background_hides_no_missing_division(
    tmp_path, images, declared, own, change, said
):
    """Of x - 128 half are negative, as of standardised images; of thin strokes at 255 most pixels are 0."""
    images[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    error = space_error(change(images), declared, STANDARD, own, tmp_path)
    assert f"{said}: {'divide' if said == '0 to 255' else 'add the mean'}" in str(error).replace(" in them", "")
    assert 'space = "raw"' in error.help


@pytest.mark.parametrize("strokes", [0.2, 0.97])
@pytest.mark.parametrize("study", [RAW, STANDARD, Space("standardised", (0.1307,), (0.3081,)), ZCA])
def test_strokes_on_black_are_what_they_are(tmp_path, images, strokes, study):
    """Also where all that is drawn is white, and where an optimiser drew a twentieth of it far too bright."""
    for x in (images > strokes).float(), (images > strokes).float() * (1 + 1.5 * (images.flip(3) > 0.96)):
        if study.name == "standardised":
            x = (x - study.mean[0]) / study.std[0]
        save_distilled(tmp_path / "set.safetensors", Distilled(x, torch.arange(60) % 10, study))
        check_space(tmp_path, read_set(tmp_path / "set.safetensors", 10, SHAPE), study.name, study)


def test_images_from_minus_one_to_one_are_said_to_be_that(tmp_path, images):
    images = images * 2 - 1
    for declared in ("raw", "standardised"):
        assert "pixels are -1 to 1: take (x + 1) / 2" in str(space_error(images, declared, STANDARD, None, tmp_path))
    own = Space("standardised", (0.5,), (0.5,))
    save_distilled(tmp_path / "own.safetensors", Distilled(images, torch.arange(60) % 10, own))
    check_space(tmp_path, read_set(tmp_path / "own.safetensors", 10, SHAPE), "standardised", own)


def test_a_space_that_is_wide_by_its_own_numbers_is_taken_at_its_word(tmp_path, images):
    own = Space("standardised", (0.0,), (0.25,))
    save_distilled(tmp_path / "set.safetensors", Distilled(images / 0.25, torch.arange(60) % 10, own))
    check_space(tmp_path, read_set(tmp_path / "set.safetensors", 10, SHAPE), "standardised", own)


def test_other_numbers_than_the_studys_are_an_error_of_the_plan(tmp_path, images):
    error = space_error(images * 2 - 1, "standardised", STANDARD, Space("standardised", (0.5,), (0.5,)), tmp_path)
    assert "0.3054" in str(error) and "0.5" in str(error)


def test_a_file_that_changed_since_the_plan_is_not_trained_on(tmp_path, images, labels):
    path = tmp_path / "set.pt"
    torch.save([images, labels], path)
    digest = facts(path).digest
    assert load_distilled(path, RAW, 10, SHAPE, digest=digest).images.shape == (60, *SHAPE)
    torch.save([images.flip(0), labels], path)
    with pytest.raises(StaleError, match="not what it was when this was planned"):
        load_distilled(path, RAW, 10, SHAPE, digest=digest)

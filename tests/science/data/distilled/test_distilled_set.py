from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science.data.arrays import Arrays, DataError, MissingData
from lmcspec.science.data.augmentation.augment import augment, draw
from lmcspec.science.data.distilled.distilled_set import (
    Distilled,
    distilled_facts,
    enter_distilled,
    load_distilled,
    read_own,
    save_distilled,
)
from lmcspec.science.data.distilled.own_file import Note
from lmcspec.science.data.distilled.published import write_published
from lmcspec.science.data.distilled.recognise import misscaled, recognise_space
from lmcspec.science.data.distilled.tiles import decode
from lmcspec.science.data.resident import enter
from lmcspec.science.data.space import Space

SHAPE = (3, 8, 8)
RAW, ZCA = Space("raw"), Space("zca")
STANDARD = Space("standardised", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def published(folder, images, labels):
    torch.save(images, folder / "set_images.pt")
    torch.save(labels, folder / "set_labels.pt")
    return folder / "set_images.pt"


@pytest.fixture
def images():
    return torch.rand(20, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    return torch.arange(10).repeat_interleave(2)


def test_a_published_pair_enters_as_it_is(tmp_path, images, labels):
    made = load_distilled(published(tmp_path, images, labels), RAW, 10, SHAPE)
    split = enter_distilled(made, study(RAW))
    x, y = split.batch(torch.arange(20))
    assert torch.equal(x, images)
    assert torch.equal(y, labels)


@pytest.mark.parametrize("space", [RAW, STANDARD, ZCA, Space("zca", eps=0.01)])
def test_what_is_saved_comes_back_with_its_space(tmp_path, images, labels, space):
    path = tmp_path / "set.safetensors"
    save_distilled(path, Distilled(images, labels, space))
    made = load_distilled(path, space, 10, SHAPE)
    assert torch.equal(made.images, images)
    assert torch.equal(made.labels, labels)
    assert (made.space, made.factor, made.rate) == (space, 1, None)
    split = enter_distilled(made, study(space))
    assert torch.equal(split.images, images)
    assert split.black.flatten().tolist() == pytest.approx(list(space.black))


@pytest.mark.parametrize(
    ("stored", "declared"),
    [(RAW, ZCA), (STANDARD, Space("standardised", (0.5,) * 3, (0.2,) * 3)), (ZCA, Space("zca", eps=0.01))],
)
def test_our_own_files_know_their_space_to_the_number(tmp_path, images, labels, stored, declared):
    path = tmp_path / "set.safetensors"
    save_distilled(path, Distilled(images, labels, stored))
    with pytest.raises(DataError) as caught:
        load_distilled(path, declared, 10, SHAPE)
    assert stored.name in str(caught.value)
    assert declared.name in str(caught.value)


def test_a_published_set_in_another_space_is_an_error_that_names_both(tmp_path, images, labels):
    with pytest.raises(DataError) as caught:
        load_distilled(published(tmp_path, images, labels), STANDARD, 10, SHAPE)
    assert "standardised" in str(caught.value)
    assert "raw" in str(caught.value)
    assert caught.value.help


def broken(what, images, labels):
    match what:
        case "dtype":
            return images.double(), labels
        case "shape":
            return images[:, :, :7], labels
        case "channels":
            return images[:, :1], labels
        case "count":
            return images, labels[:-1]
        case "classes":
            return images, labels + 1
        case "negative":
            return images, labels - 1
        case "label dtype":
            return images, labels.int()
        case "not finite":
            images = images.clone()
            images[3, 0, 0, 0] = float("nan")
            return images, labels
        case _:
            return images[:0], labels[:0]


@pytest.mark.parametrize(
    "what",
    ["dtype", "shape", "channels", "count", "classes", "negative", "label dtype", "not finite", "empty"],
)
@pytest.mark.parametrize("own", [True, False])
def test_sets_that_do_not_fit_are_refused_by_name(tmp_path, images, labels, what, own):
    images, labels = broken(what, images, labels)
    path = tmp_path / "set.safetensors"
    if own:
        save_distilled(path, Distilled(images, labels, RAW))
    else:
        path = published(tmp_path, images, labels)
    with pytest.raises(DataError, match=path.name):
        load_distilled(path, RAW, 10, SHAPE)


def test_a_missing_file_is_named(tmp_path, images, labels):
    path = published(tmp_path, images, labels)
    for missing, asked in ((tmp_path / "set_labels.pt", path), (tmp_path / "no.safetensors",) * 2):
        missing.unlink(missing_ok=True)
        for call in (lambda: load_distilled(asked, RAW, 10, SHAPE), lambda: distilled_facts(asked, 10, SHAPE)):  # noqa: B023
            with pytest.raises(MissingData, match=missing.name):
                call()
    torch.save(images, tmp_path / "set.pt")
    with pytest.raises(DataError, match="images"):
        load_distilled(tmp_path / "set.pt", RAW, 10, SHAPE)


class Evil:
    def __reduce__(self):
        return (print, ("this code must not run",))


def test_nothing_is_unpickled(tmp_path, images, labels, capsys):
    path = published(tmp_path, images, labels)
    torch.save(Evil(), path)
    for call in (lambda: load_distilled(path, RAW, 10, SHAPE), lambda: distilled_facts(path, 10, SHAPE)):
        with pytest.raises(DataError, match=path.name):
            call()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK not a zip", b"x" * 100])
def test_damaged_files_are_named(tmp_path, images, labels, content):
    path = published(tmp_path, images, labels)
    own = tmp_path / "own.safetensors"
    for damaged in (path, own):
        damaged.write_bytes(content)
        for call in (load_distilled, lambda p, _, *rest: distilled_facts(p, *rest)):
            with pytest.raises(DataError, match=damaged.name):
                call(damaged, RAW, 10, SHAPE)


@pytest.mark.parametrize("content", [[], "one", "three", {"data": []}, {"images": 1}, {"data": ["one"]}, 3])
def test_other_contents_are_no_published_form(tmp_path, images, labels, content):
    path = published(tmp_path, images, labels)
    torch.save({"one": [images], "three": [images, labels, labels.clone()]}.get(str(content), content), path)
    for call in (lambda: load_distilled(path, RAW, 10, SHAPE), lambda: distilled_facts(path, 10, SHAPE)):
        with pytest.raises(DataError, match=path.name):
            call()


def test_facts_are_equal_for_equal_tensors_in_both_forms(tmp_path, images, labels):
    own = tmp_path / "own.safetensors"
    save_distilled(own, Distilled(images, labels, RAW))
    path = published(tmp_path, images, labels)
    facts = distilled_facts(path, 10, SHAPE)
    assert facts == distilled_facts(own, 10, SHAPE)
    assert (facts.train, facts.test, facts.classes, facts.shape) == (20, 0, 10, SHAPE)
    torch.save(images + 0.001, path)
    assert distilled_facts(path, 10, SHAPE).digest != facts.digest
    with pytest.raises(DataError, match="set_images"):
        distilled_facts(path, 10, (3, 32, 32))


@pytest.mark.parametrize("form", ["mtt", "idc", "dc"])
def test_every_published_form_is_written_and_read(tmp_path, images, labels, form):
    path = tmp_path / "set_images.pt"
    assert all(file.exists() for file in write_published(path, form, images, labels))
    made = load_distilled(path, RAW, 10, SHAPE)
    assert torch.equal(made.images, images) and torch.equal(made.labels, labels)
    own = tmp_path / "own.safetensors"
    save_distilled(own, Distilled(images, labels, RAW))
    assert distilled_facts(path, 10, SHAPE) == distilled_facts(own, 10, SHAPE)


def test_one_of_several_sets_is_asked_for_by_number(tmp_path, images, labels):
    path = tmp_path / "res_DC.pt"
    torch.save({"data": [[images, labels], [1 - images, labels.clone()]], "accs_all_exps": {"ConvNet": [0.5]}}, path)
    assert torch.equal(load_distilled(path, RAW, 10, SHAPE, which=1).images, 1 - images)
    first, second = (distilled_facts(path, 10, SHAPE, which=which).digest for which in (0, 1))
    assert first != second
    torch.save([1 - images, labels], path)
    assert distilled_facts(path, 10, SHAPE).digest == second
    for call in (load_distilled, lambda p, _, *rest, which: distilled_facts(p, *rest, which=which)):
        torch.save({"data": [[images, labels]]}, path)
        with pytest.raises(DataError, match="1 sets, and number 2"):
            call(path, RAW, 10, SHAPE, which=2)


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_accuracies_beside_the_sets_may_be_numpys(tmp_path, images, labels, module):
    """As in every file that the code of DC, DSA and DM wrote: with numpy 1, and with numpy 2."""
    path = tmp_path / "res_DM.pt"
    accuracies = {"ConvNet": [np.float64(0.4775), np.float32(0.5), np.int64(3)]}
    torch.save({"data": [[images, labels]], "accs_all_exps": accuracies}, path)
    renamed(path, b"numpy._core.multiarray", module.encode())
    made = load_distilled(path, RAW, 10, SHAPE)
    assert torch.equal(made.images, images) and torch.equal(made.labels, labels)
    assert distilled_facts(path, 10, SHAPE).train == 20


def renamed(path: Path, old: bytes, new: bytes) -> None:
    """What was pickled in a file, with another module's name in it: both are of protocol 2, by length or by line."""
    with ZipFile(path) as file:
        entries = {info.filename: file.read(info) for info in file.infolist()}
    with ZipFile(path, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content.replace(old, new) if name.endswith("data.pkl") else content)


def test_packed_sets_are_trained_on_unpacked(tmp_path, images, labels):
    path = tmp_path / "data.pt"
    write_published(path, "idc", images, labels)
    made = load_distilled(path, RAW, 10, SHAPE, factor=2)
    split = enter_distilled(made, study(RAW))
    assert torch.equal(split.images, decode(images, 2))
    assert torch.equal(split.labels, labels.repeat(4))
    assert distilled_facts(path, 10, SHAPE, factor=2).train == len(split) == 80
    own = tmp_path / "own.safetensors"
    save_distilled(own, Distilled(images, labels, RAW, factor=2, rate=0.0125))
    again = load_distilled(own, RAW, 10, SHAPE)
    assert (again.factor, again.rate) == (2, 0.0125)
    assert distilled_facts(own, 10, SHAPE).train == 80


@pytest.mark.parametrize("space", [RAW, STANDARD, ZCA])
@pytest.mark.parametrize("factor", [1, 2])
def test_raw_sets_enter_every_space_as_the_data_do(images, labels, space, factor):
    data = study(space)
    whole = (images * 255).round()
    split = enter_distilled(Distilled(whole / 255, labels, RAW, factor), data)
    expected = data.train.conversion(decode(whole, factor))
    torch.testing.assert_close(split.all()[0], expected, rtol=1e-4, atol=1e-4)
    before = split.images.clone()
    split.batch(torch.arange(3))
    assert torch.equal(split.images, before)


def test_augmentation_of_raw_sets_comes_before_their_space(images, labels):
    """A crop pads with black as real images have it, not with 0 in the space."""
    data = study(STANDARD)
    split = enter_distilled(Distilled(images, labels, RAW), data)
    draws = draw(20, Augment(crop=2, flip=True), SgdNoise(0), 0)
    expected = data.train.conversion(augment(images, draws).mul(255))
    torch.testing.assert_close(split.batch(torch.arange(20), draws)[0], expected, rtol=1e-4, atol=1e-4)


def test_a_set_of_another_space_does_not_enter(images, labels):
    with pytest.raises(DataError, match=r"standardised .*zca"):
        enter_distilled(Distilled(images, labels, STANDARD), study(ZCA))


def study(space: Space):
    """A data set of such images in a space."""
    bytes_ = np.random.default_rng(0).integers(0, 256, (60, *SHAPE), dtype=np.uint8)
    labels = np.arange(60) % 10
    return enter(Arrays(bytes_, labels, bytes_[:20], labels[:20], 10), space)


def few(arrays: Arrays, count: int) -> Arrays:
    places = np.linspace(0, len(arrays.train_labels) - 1, min(count, len(arrays.train_labels))).astype(int)
    return Arrays(
        arrays.train_images[places],
        arrays.train_labels[places],
        arrays.test_images[:50],
        arrays.test_labels[:50],
        arrays.classes,
        arrays.scale,
    )


def test_digits_are_recognised_in_every_space():
    from lmcspec.catalog.datasets.digits import CARD, Digits
    from lmcspec.science.data.sets.digits import load

    every_space(load(Digits()), CARD)


@pytest.mark.parametrize("beyond", [0.08, 0.5])
def test_a_few_optimised_pixels_beyond_0_and_1_are_still_raw(tmp_path, images, labels, beyond):
    """IDC's code cuts off before a network's steps and not after the last ones."""
    draws = np.random.default_rng(0)
    stray = torch.from_numpy(draws.random(images.shape) < 0.04)
    moved = torch.where(stray, (images - 0.5).sign() * (0.5 + beyond) + 0.5, images)
    assert moved.min() < -0.05 and moved.max() > 1.05
    torch.save([moved, labels], tmp_path / "data.pt")
    assert torch.equal(load_distilled(tmp_path / "data.pt", RAW, 10, SHAPE).images, moved)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_pixels_that_are_no_numbers_are_said_to_be_that_before_anything_runs(tmp_path, images, labels, value):
    images[3, 0, 0, 0] = value
    torch.save([images, labels], tmp_path / "data.pt")
    with pytest.raises(DataError, match="some of its pixels are not finite"):
        distilled_facts(tmp_path / "data.pt", 10, SHAPE, space="raw")


def test_images_of_one_grey_are_recognised_without_a_warning():
    assert recognise_space(np.full((4, 3, 8, 8), 5.0)) == "standardised"


@pytest.mark.data
def test_mnist_is_recognised_in_every_space(unpacked_data):
    from lmcspec.catalog.datasets.mnist import CARD, Mnist
    from lmcspec.science.data.sets.mnist import load

    every_space(load(Mnist(), unpacked_data), CARD)


@pytest.mark.data
def test_natural_images_are_recognised_in_every_space(unpacked_data):
    from PIL import Image

    from lmcspec.catalog.datasets.cifar10_jpeg import CARD

    files = [
        file
        for name in sorted((unpacked_data / "cifar10" / "train").iterdir())
        for file in sorted(name.iterdir())[:200]
    ]
    images = np.stack([np.asarray(Image.open(file)) for file in files]).transpose(0, 3, 1, 2)[:, :, 8:24, 8:24].copy()
    every_space(Arrays(images, np.zeros(2000, dtype=np.int64), images[:50], np.zeros(50, dtype=np.int64), 1), CARD)


def every_space(arrays: Arrays, card) -> None:
    arrays = few(arrays, 2000)
    for space in (Space("raw"), Space("standardised", card.mean, card.std), Space("zca")):
        split = enter(arrays, space).train
        for places in (torch.arange(100), torch.arange(0, len(split), 20), torch.arange(10)):
            images = split.batch(places)[0].numpy()
            assert recognise_space(images) == space.name
            assert misscaled(images, space) == misscaled(images) == ("", "")


@pytest.mark.data
def test_the_published_set_is_recognised_as_whitened(unpacked_data):
    path = unpacked_data / "distilled" / "cifar10_mtt_ipc10_images.pt"
    split = load_distilled(path, ZCA, 10, (3, 32, 32))
    assert split.images.shape == (100, 3, 32, 32)
    assert split.labels.tolist() == np.arange(10).repeat(10).tolist()
    assert split.images.min().item() == pytest.approx(-4.148, abs=1e-3)
    for other in (RAW, STANDARD):
        with pytest.raises(DataError) as caught:
            load_distilled(path, other, 10, (3, 32, 32))
        assert "zca" in str(caught.value)
        assert other.name in str(caught.value)
    facts = distilled_facts(path, 10, (3, 32, 32))
    assert (facts.train, facts.digest) == (100, DIGEST)


DIGEST = "e33aea8fed757fd8c63727bdf44a2b71c07178e3a7f0d204ff8d4ca0e7d43e9a"


def test_equal_sets_make_equal_files(tmp_path):
    """Of several notes safetensors itself writes another one first from time to time."""
    made = Distilled(
        torch.rand(4, 1, 8, 8), torch.arange(4), RAW, rate=0.02, names=("zero", "\u00e9ins", 'tw"o', "three")
    )
    files = set()
    for _ in range(20):
        save_distilled(tmp_path / "set.safetensors", made)
        files.add((tmp_path / "set.safetensors").read_bytes())
    assert len(files) == 1
    found = read_own(tmp_path / "set.safetensors", 4, (1, 8, 8))
    assert torch.equal(found.images, made.images) and torch.equal(found.labels, made.labels)
    assert (found.rate, found.names, found.space) == (made.rate, made.names, made.space)
    save_distilled(tmp_path / "plain.safetensors", Distilled(made.images, made.labels, RAW))
    save_file(
        {"images": made.images, "labels": made.labels},
        tmp_path / "theirs.safetensors",
        metadata=Note(RAW, 1, None, ()).write(),
    )
    assert (tmp_path / "plain.safetensors").read_bytes() == (tmp_path / "theirs.safetensors").read_bytes(), "ids stay"

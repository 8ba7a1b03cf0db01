"""Every mode that Pillow opens files in: as a person sees it, or refused with the file's name."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets.pictures import as_seen, picture

RAMP = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP.T], -1)


def saved(tmp_path, image, name="x.png", **more):
    image.save(tmp_path / name, **more)
    return tmp_path / name


def seen(path):
    image = picture(path)
    assert image.mode == "RGB"
    return np.asarray(image)


def refused(path):
    with pytest.raises(DataError) as caught:
        picture(path)
    assert str(path) in str(caught.value)
    assert caught.value.help
    return str(caught.value)


def grey(values):
    return np.repeat(np.asarray(values)[..., None], 3, -1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_modes_of_8_bits_are_converted_as_pillow_does(tmp_path, mode):
    image = Image.fromarray(COLOURS).convert(mode)
    path = saved(tmp_path, image, "x.tiff")
    with Image.open(path) as again:
        assert again.mode == mode
        assert (seen(path) == np.asarray(again.convert("RGB"))).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_that_hides_nothing_is_left_out(tmp_path, mode):
    image = Image.fromarray(COLOURS).convert(mode)
    assert (seen(saved(tmp_path, image)) == np.asarray(image.convert("RGB"))).all()


def with_alpha(mode):
    """A black picture whose shape is in its opacity."""
    image = Image.new("RGBA", (8, 8))
    image.putalpha(Image.fromarray(RAMP))
    return image if mode == "RGBA" else image.convert(mode)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("form", ["png", "tiff"])
def test_a_picture_in_the_opacity_is_refused(tmp_path, mode, form):
    assert "is transparent in places" in refused(saved(tmp_path, with_alpha(mode), f"x.{form}"))


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA"])
def test_so_it_is_in_modes_that_pillow_writes_to_no_file(mode):
    image = Image.new("PA", (8, 8)) if mode == "PA" else with_alpha("LA" if mode == "La" else "RGBA").convert(mode)
    if mode == "PA":
        image.putalpha(Image.fromarray(RAMP))
    assert image.mode == mode
    with pytest.raises(ValueError, match="transparent in places"):
        as_seen(image)
    image.putalpha(255)
    assert as_seen(image).mode == "RGB"


CONVERTED = {"1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV", "I;16", "I;16L", "I;16B", "I;16N"}
TRANSPARENT = {"LA", "La", "PA", "RGBA", "RGBa"}
REFUSED = {"I", "F", "LAB"}


@pytest.mark.parametrize("mode", sorted(CONVERTED | TRANSPARENT | REFUSED))
def test_every_mode_that_pillow_has_is_converted_or_refused(mode):
    image = Image.new(mode, (4, 4), 0)
    if mode in CONVERTED:
        assert as_seen(image).mode == "RGB"
        image.info["transparency"] = (1, 2, 3) if mode == "RGB" else 1
        image = as_seen(image)
        assert image.mode == "RGB" and "transparency" not in image.info
    else:
        with pytest.raises(ValueError, match="transparent" if mode in TRANSPARENT else "white|Lab") as caught:
            as_seen(image)
        assert getattr(caught.value, "help", "")


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_transparent_colour_is_seen_where_it_is_used(tmp_path, mode):
    image = Image.fromarray(COLOURS).convert(mode)
    used = image.getpixel((3, 3))
    unused = 1 if mode == "L" else (1, 2, 3) if mode == "RGB" else None
    assert "is transparent in places" in refused(saved(tmp_path, image, "used.png", transparency=used))
    if unused is not None:
        assert (
            seen(saved(tmp_path, image, "unused.png", transparency=unused)) == np.asarray(image.convert("RGB"))
        ).all()


def png(tmp_path, bits, kind, values, transparent=None):
    """A PNG by hand, of samples (H, W) or (H, W, 3) of so many bits, with a chunk tRNS of the colour `transparent`."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    places = (np.asarray(values)[..., None] >> np.arange(bits)[::-1]) & 1  # each sample's bits, the highest first
    rows = np.packbits(places.reshape(len(values), -1).astype(np.uint8), axis=1)
    header = struct.pack(">IIBBBBB", len(values[0]), len(values), bits, kind, 0, 0, 0)
    clear = b"" if transparent is None else chunk(b"tRNS", np.asarray(transparent, ">u2").tobytes())
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
    path = tmp_path / "x.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + clear + data + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_stands_in_the_bits_of_the_file(tmp_path, bits):
    """Every other grey is used: those are refused, the rest leave the picture as it is without."""
    white = 2**bits - 1
    greys = np.arange(64).reshape(8, 8) % (white + 1) // 2 * 2 * (1024 if bits == 16 else 1)
    plain = seen(png(tmp_path, bits, 0, greys))
    assert (plain == grey(greys >> 8 if bits == 16 else greys * (255 // white))).all()
    for transparent in {0, white // 4 * 2, white - 1}:
        path = png(tmp_path, bits, 0, greys, transparent)
        if transparent in greys:
            assert "is transparent in places" in refused(path)
        else:
            assert (seen(path) == plain).all()
    for transparent in {1, white // 4 * 2 + 1, white}:
        assert (seen(png(tmp_path, bits, 0, greys, transparent)) == plain).all()


def test_a_transparent_colour_of_16_bits_is_seen_where_its_upper_bits_are_used(tmp_path):
    values = np.arange(192).reshape(8, 8, 3) * 340
    for used in values[0, 0], values[3, 3], values[7, 7]:
        assert "is transparent in places" in refused(png(tmp_path, 16, 2, values, used))
    for unused in (65_535, 65_535, 65_535), values[3, 3][::-1], values[3, 3] >> 8:
        assert (seen(png(tmp_path, 16, 2, values, unused)) == values >> 8).all()


def test_entries_of_a_palette_are_seen_where_they_are_used(tmp_path):
    image = Image.fromarray((np.arange(64) % 8).astype(np.uint8).reshape(8, 8)).convert("P")
    image.putpalette(list(range(48)))
    plain = seen(saved(tmp_path, image))
    for used in 3, b"\xff\xff\x80", b"\0":
        assert "is transparent in places" in refused(saved(tmp_path, image, transparency=used))
    for unused in 9, b"\xff" * 8 + b"\x80", b"\xff" * 8:
        assert (seen(saved(tmp_path, image, transparency=unused)) == plain).all()
    assert "is transparent in places" in refused(saved(tmp_path, image, "x.gif", transparency=3))


def test_16_bits_have_their_white_at_65535(tmp_path):
    values = (np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040).astype(np.uint16)
    for name in ("x.png", "x.tiff"):
        assert (seen(saved(tmp_path, Image.fromarray(values), name)) == grey(values >> 8)).all()
    (tmp_path / "x.pgm").write_bytes(b"P5 8 8 65535\n" + values.astype(">u2").tobytes())
    assert (seen(tmp_path / "x.pgm") == grey(values >> 8)).all()


def test_colours_of_16_bits_are_their_upper_bits(tmp_path):
    values = (np.arange(192, dtype=np.uint16).reshape(8, 8, 3) * 340).astype(">u2")
    assert (seen(png(tmp_path, 16, 2, values)) == values.astype(np.uint16) >> 8).all()


@pytest.mark.parametrize("most", [1, 255, 4095])
def test_16_bits_that_would_be_black_are_refused(tmp_path, most):
    """Pictures of 8 or 12 bits in numbers of 16: nobody wrote where their white is."""
    values = np.linspace(0, most, 64).astype(np.uint16).reshape(8, 8)
    assert f"brightest pixel is {most:,} of 65,535" in refused(saved(tmp_path, Image.fromarray(values)))
    assert (seen(saved(tmp_path, Image.fromarray(values * 0), "black.png")) == 0).all()


@pytest.mark.parametrize("scale", [1.0, 255.0, 65535.0, float("nan")])
def test_fractions_are_refused(tmp_path, scale):
    values = (np.linspace(0, 1, 64) * scale).astype(np.float32).reshape(8, 8)
    assert "pixels that are fractions" in refused(saved(tmp_path, Image.fromarray(values), "x.tiff"))


@pytest.mark.parametrize("dtype", [np.int32, np.int16])
def test_whole_numbers_with_a_sign_or_of_32_bits_are_refused(tmp_path, dtype):
    values = np.arange(64, dtype=dtype).reshape(8, 8)
    if dtype is np.int16:  # Pillow writes none: an unsigned one with another tag
        path = saved(tmp_path, Image.fromarray(values.astype(np.uint16) * 1000), "x.tiff", tiffinfo={339: 2})
    else:
        path = saved(tmp_path, Image.fromarray(values), "x.tiff")
    assert "no one knows which of them is white" in refused(path)


def test_8_bits_with_a_sign_are_refused(tmp_path):
    assert "with a sign" in refused(saved(tmp_path, Image.fromarray(RAMP), "x.tiff", tiffinfo={339: 2}))


def test_16_bits_whose_white_is_zero_are_refused(tmp_path):
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    path = saved(tmp_path, Image.fromarray(values), "x.tiff")
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<HHIH", 262, 3, 1, 1))
    content[place + 8] = 0
    path.write_bytes(content)
    assert "of which 0 is white" in refused(path)


def test_lab_is_refused(tmp_path):
    from PIL import ImageCms

    lab = ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(COLOURS), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert image is not None
    assert "colour space Lab" in refused(saved(tmp_path, image, "x.tiff"))


@pytest.mark.parametrize("form", ["gif", "png", "tiff", "webp"])
def test_of_several_frames_the_first_is_read(tmp_path, form):
    frames = [Image.fromarray(np.roll(COLOURS, shift, 0)) for shift in range(3)]
    lossless = {"lossless": True} if form == "webp" else {}
    path = tmp_path / f"x.{form}"
    frames[0].save(path, save_all=True, append_images=frames[1:], **lossless)
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 3
        image.seek(0)
        assert (seen(path) == np.asarray(image.convert("RGB"))).all()


def test_orientation_is_not_applied_as_torchvision_does_not(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    path = saved(tmp_path, Image.fromarray(COLOURS), exif=exif)
    from torchvision.datasets.folder import default_loader

    assert (seen(path) == np.asarray(default_loader(str(path)))).all()
    assert (seen(path) == COLOURS).all()


@pytest.mark.parametrize("form", ["bmp", "jpg", "png", "ppm", "tiff", "webp"])
@pytest.mark.parametrize("share", [0, 0.3, 0.7])
def test_files_that_are_cut_off_are_refused(tmp_path, form, share):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    path = saved(tmp_path, image, f"x.{form}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path)


def test_no_programs_are_run_for_what_a_file_claims_to_be(tmp_path):
    path = saved(tmp_path, Image.fromarray(COLOURS), "x.eps")
    path.rename(tmp_path / "x.png")
    assert "can't be read as an image" in refused(tmp_path / "x.png")


def test_a_picture_that_expands_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(RAMP))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 16)
    assert "can't be read as an image" in refused(path)

"""Image files as a person sees them: opened, and brought to RGB by a rule for each of Pillow's modes, or refused.

The rules stand in docs/data.md. No torch.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from lmcspec.base.documents import open_regular
from lmcspec.science.data.arrays import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""What a file may hold whatever its name ends in; others run programs of their own, or are no pictures."""
LARGEST = 256 * 2**20
"""Bytes of a file: 89 million pixels that are not compressed. Decoders take twice that of memory, whatever it shows."""
READS = 300_000
"""How often a decoder may read on in a file, and three times what a PNG of LARGEST takes: some look for the end of a
header byte by byte, in zeros without end. Behind the header twice for each byte: runs of a BMP are read so."""
DIM = 4096
"""A 16-bit picture whose brightest value is below this may well have its white there, as cameras of 12 bits do."""
_WHITE_IS_ZERO, _INTERPRETATION, _SAMPLES = 0, 262, 339


class _Refused(ValueError):
    """A picture whose pixels could be meant in several ways; `help` says what to do about it."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


class _Counted:
    """An open file, from which is read a number of times at most: READS, and then what is allowed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, READS

    def allow(self, times: int) -> None:
        """Let it be read so often from now on, or READS times if that is more."""
        self._left = max(READS, times)

    def read(self, size: int = -1) -> bytes:
        """As the file's own. ValueError for one time too many."""
        self._left -= 1
        if self._left < 0:
            raise ValueError("it has a header, or data, without end")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def picture(path: Path) -> "Image":
    """The file's first frame as RGB; a DataError naming the file where it can't be read, or could mean several things.

    Orientation that stands in EXIF is not applied, as torchvision doesn't.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with open_regular(path, follow=True) as file:
            if (size := os.fstat(file.fileno()).st_size) > LARGEST:
                raise _Refused(f"has {size:,} bytes, more than {LARGEST:,}", "save it with fewer pixels, or compressed")
            counted: Any = _Counted(file)
            with Image.open(counted, formats=_formats()) as image:
                coded = image.tile[0][3] if image.tile else ""  # gone once it is loaded
                counted.allow(2 * size)
                image.load()
                return as_seen(image, coded if isinstance(coded, str) else "")
    except _Refused as error:
        raise DataError(f"{path} {error}", help=error.help) from error
    except UnidentifiedImageError as error:  # whose words are about an open file of Python's
        raise DataError(
            f"{path} can't be read as an image: it is empty, damaged or none",
            help="replace the file by a sound copy, or remove it",
        ) from error
    except Exception as error:  # whatever a damaged file makes of a decoder
        words = "it takes more memory than there is" if isinstance(error, MemoryError) else str(error)
        raise DataError(
            f"{path} can't be read as an image: {words or type(error).__name__}",
            help="replace the file by a sound copy, or remove it",
        ) from error


@cache
def _formats() -> tuple[str, ...]:
    """The names in FORMATS that the installed Pillow can read."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def as_seen(image: "Image", coded: str = "") -> "Image":
    """A decoded picture as RGB. Raises ValueError, with `help`, where its pixels could be meant in several ways.

    `coded` is Pillow's name of how its file holds pixels, such as `L;2` for greys of two bits.
    """
    _check_samples(image)
    transparent = image.info.pop("transparency", None)  # Pillow's convert would act by it, and clips 16 bits for that
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or (image.palette and image.palette.mode.endswith("A")):
        return _opaque(image)
    if transparent is not None and _shows(image, transparent, coded):
        raise _Refused(_TRANSPARENT, _BACKGROUND)
    match image.mode:
        case "RGB":
            return image
        case "1" | "L" | "P" | "RGBX" | "CMYK" | "YCbCr" | "HSV":
            return image.convert("RGB")
        case "I;16" | "I;16B" | "I;16L" | "I;16N":
            return _of_16_bits(np.asarray(image).astype(np.uint32))
        case "I" if image.format in ("PNG", "PPM"):  # 65,535 is white in both
            return _of_16_bits(np.asarray(image))
        case "I":
            raise _Refused("has pixels of 32 bits, and no one knows which of them is white", _EIGHT)
        case "F":
            raise _Refused("has pixels that are fractions, and no one knows which of them is white", _EIGHT)
        case "LAB":
            raise _Refused("is in the colour space Lab", "convert it to RGB with its profile")
        case mode:
            raise _Refused(f"has the mode {mode}, for which there is no rule", "save it as RGB or grey")


_EIGHT = "save it with 8 bits: black as 0, white as 255 (16 bits and 65,535 will do)"


def _of_16_bits(values: np.ndarray) -> "Image":
    """The upper eight bits, as Pillow takes them of coloured pictures of 16 bits."""
    from PIL import Image

    low, most = int(values.min()), int(values.max())
    if low < 0 or most > 65_535:
        raise _Refused(f"has pixels from {low:,} to {most:,}, which are no 16 bits", _EIGHT)
    if 0 < most < DIM:
        raise _Refused(f"has 16 bits, and its brightest pixel is {most:,} of 65,535: nearly black", _EIGHT)
    return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")


def _opaque(image: "Image") -> "Image":
    """A picture with transparency as it is without, if nothing in it is transparent."""
    if image.mode in ("La", "RGBa"):  # colours are multiplied by their opacity there
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    bare = image.convert("RGBA").getchannel("A")
    if bare.getextrema() != (255, 255):
        raise _Refused(_TRANSPARENT, _BACKGROUND)
    return image.convert("RGB")


_TRANSPARENT = "is transparent in places, and what is seen there depends on what lies behind"
_BACKGROUND = (
    'put it on a background: image = image.convert("RGBA"), '
    'Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")'
)


def _shows(image: "Image", transparent: int | bytes | Sequence[int], coded: str) -> bool:
    """Whether a picture has pixels of the colour that is `transparent`, or of an entry of its palette that is.

    The colour stands in the file's own numbers. Pillow multiplies greys of two and four bits up to white = 255, and
    keeps the upper eight bits of colours of 16: there a colour with the same upper bits counts as the same.
    """
    pixels = np.asarray(image)
    if isinstance(transparent, bytes):  # the opacity of each entry
        return bool(np.isin(pixels, [entry for entry, opacity in enumerate(transparent) if opacity < 255]).any())
    colour = np.atleast_1d(np.asarray(transparent))
    match coded:
        case "L;2":
            colour = (colour & 3) * 85
        case "L;4":
            colour = (colour & 15) * 17
        case "RGB;16B":
            colour = colour >> 8
        case _ if pixels.dtype == np.uint8:  # what stands in more bits than the picture has is not looked at
            colour = colour & 255
        case _ if pixels.dtype == np.bool_:
            colour = colour != 0
    return bool((pixels.reshape(-1, len(colour)) == colour).all(1).any())


def _check_samples(image: "Image") -> None:
    """TIFF may hold numbers with a sign, or 16-bit greys of which 0 is white: Pillow takes neither into account."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return
    samples = tags.get(_SAMPLES, (1,))
    if 2 in (samples if isinstance(samples, tuple) else (samples,)):
        raise _Refused("has pixels with a sign, and no one knows which of them is white", _EIGHT)
    if tags.get(_INTERPRETATION) == _WHITE_IS_ZERO and image.mode.startswith("I;16"):
        raise _Refused("has 16 bits of which 0 is white", "save it with 0 as black")

"""MNIST from its official idx files."""

from pathlib import Path

import numpy as np

from lmcspec.catalog import Named
from lmcspec.catalog.datasets.mnist import CARD
from lmcspec.science.data.arrays import Arrays, DataError, MissingData
from lmcspec.science.data.stamps import look
from lmcspec.science.data.verify import verified

_FETCH = "python -c \"from torchvision.datasets import MNIST; MNIST('ROOT', download=True)\""


def load(config: Named, root: Path | None) -> Arrays:
    """60,000 training and 10,000 test images, uint8 (n, 1, 28, 28), read by torchvision from root/MNIST/raw.

    Raises MissingData where the files are not there, DataError where they are not MNIST.
    """
    if root is None:
        raise MissingData(
            'mnist needs its folder: dataset = { name = "mnist", root = "…" }', help=f"fetch it: {_FETCH}"
        )
    from torchvision.datasets import MNIST

    raw = Path(root) / "MNIST" / "raw"
    before = look([path for path in sorted(raw.iterdir()) if path.name.endswith("-ubyte")] if raw.is_dir() else [])
    parts = []
    for train in (True, False):
        try:
            part = MNIST(str(root), train=train, download=False)
        except RuntimeError as error:
            raise MissingData(f"there is no MNIST in {root}/MNIST/raw", help=f"fetch it: {_FETCH}") from error
        except (ValueError, AssertionError, OSError) as error:
            raise DataError(
                f"the files in {root}/MNIST/raw can't be read: {error}", help=f"fetch it again: {_FETCH}"
            ) from error
        parts += [part.data.numpy()[:, None], part.targets.numpy().astype(np.int64)]
    return verified(Arrays(*parts, classes=10), CARD, before)

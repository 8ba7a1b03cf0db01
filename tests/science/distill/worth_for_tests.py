"""What distilled images are worth beside as many random real ones."""

from collections.abc import Sequence

import numpy as np


def gained(what: str, errors: Sequence[tuple[float, float]]) -> np.ndarray:
    """By seed, how much lower the test error is after training on distilled images than on random real ones.

    `errors` are pairs (on real, on distilled), one for each seed. Both accuracies are printed as mean ± std over seeds:
    `pytest -s` shows what docs/distillation.md has in its table.
    """
    real, distilled = 100 * (1 - np.array(errors).T)
    print(
        f"\n{what}: {spread(distilled)} % on distilled images, {spread(real)} % on random real ones, n = {len(errors)}"
    )
    return (distilled - real) / 100


def spread(values: np.ndarray) -> str:
    """Mean ± sample std."""
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"

"""What distilled images are worth beside as many random real ones."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t


def gained(what: str, errors: Sequence[tuple[float, float]]) -> np.ndarray:
    """By seed, how much lower the test error is after training on distilled images than on random real ones.

    `errors` are pairs (on real, on distilled), one for each seed. Both accuracies are printed as mean ± std over seeds
    with their intervals: `pytest -s` shows what docs/distillation.md has in its table.
    """
    real, distilled = 100 * (1 - np.array(errors).T)
    print(
        f"\n{what}: {spread(distilled)} % on distilled images, {spread(real)} % on random real ones, n = {len(errors)}"
    )
    return (distilled - real) / 100


def spread(values: np.ndarray) -> str:
    """Mean ± sample std, and the 95 % interval of the mean by Student's t."""
    mean, std = values.mean(), values.std(ddof=1)
    half = t.ppf(0.975, len(values) - 1) * std / len(values) ** 0.5
    return f"{mean:.1f} ± {std:.1f} [{mean - half:.1f}, {mean + half:.1f}]"

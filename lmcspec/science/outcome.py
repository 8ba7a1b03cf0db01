"""How a training came out. Collapse is a result, not a failure."""

import math
from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from lmcspec.science.evaluate import Evaluation

Outcome = Literal["ok", "diverged", "dead-layer", "chance"]
LEVEL = 0.01


def outcome(
    evaluation: Evaluation, classes: int, mask: Mapping[str, Tensor] | None = None, diverged: bool = False
) -> Outcome:
    """`diverged`: a loss was not finite; `dead-layer`: a tensor has no surviving weight; `chance`: guessing would do.

    Guessing: the number of right answers, or more, has probability over 0.01 if each is right with 1/classes.
    """
    if diverged or not math.isfinite(evaluation.loss):
        return "diverged"
    if mask and not all(keep.any() for keep in mask.values()):
        return "dead-layer"
    return "chance" if chance_probability(evaluation, classes) > LEVEL else "ok"


def chance_probability(evaluation: Evaluation, classes: int) -> float:
    """One-sided binomial: P(right answers >= those observed) when each has probability 1/classes."""
    from scipy.special import bdtrc

    right = evaluation.images - evaluation.errors
    return 1.0 if right == 0 else float(bdtrc(right - 1, evaluation.images, 1 / classes))

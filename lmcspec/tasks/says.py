"""The number of a result that matters, in a few words: what a run says of a task that is done."""

from collections.abc import Mapping
from typing import Any


def accuracy(scalars: Mapping[str, Any]) -> str:
    """That on test images.

    >>> accuracy({"test_error": 0.028})
    'accuracy 97.2%'
    """
    return f"accuracy {1 - scalars['test_error']:.1%}"


def sparsity(scalars: Mapping[str, Any]) -> str:
    """The share of prunable weights that are pruned.

    >>> sparsity({"density": 0.168})
    'sparsity 83.2%'
    """
    return f"sparsity {1 - scalars['density']:.1%}"


def rise(scalars: Mapping[str, Any]) -> str:
    """How far error rises between the ends of a path above their mean, on test images if those were asked for.

    >>> rise({"paths": {"average": {"summary": {"instability/test": 0.0972}}}})
    'test error rises by 9.7 points'
    """
    first = next(iter(scalars["paths"].values()))["summary"]
    split = next(name.removeprefix("instability/") for name in ("instability/test", *first) if name in first)
    return f"{split} error rises by {100 * first[f'instability/{split}']:.1f} points"


def distance(scalars: Mapping[str, Any]) -> str:
    """The L2 distance of two networks.

    >>> distance({"distance": 41.27})
    'distance 41.3'
    """
    return f"distance {scalars['distance']:.3g}"


def aligned(scalars: Mapping[str, Any]) -> str:
    """The L2 distance of two networks before and after one of them was permuted.

    >>> aligned({"distance-before": 46.04, "distance-after": 33.5})
    'distance 46 -> 33.5'
    """
    return f"distance {scalars['distance-before']:.3g} -> {scalars['distance-after']:.3g}"


def images(scalars: Mapping[str, Any]) -> str:
    """How many images a set has.

    >>> images({"images": 100})
    '100 images'
    """
    return f"{scalars['images']:,} images"


def trace(scalars: Mapping[str, Any]) -> str:
    """The Hessian's.

    >>> trace({"metrics": {"trace": 12345.6}})
    'trace 1.23e+04'
    """
    return f"trace {scalars['metrics']['trace']:.3g}"

"""Alignment through other networks: by a third one, along paths, and around cycles.

p that aligns B to A is applied to B, and brings it into the frame of A. A *path* of networks N_0 … N_k has permutations
p_1 … p_k, of which p_i aligns N_i to N_(i-1); it is a cycle where N_k is N_0.
"""

from collections.abc import Sequence
from functools import reduce

from lmcspec.science.permute.algebra import Permutation, compose, invert


def induced(a_to_c: Permutation, b_to_c: Permutation) -> Permutation:
    """What two alignments to C say of B and A: q with apply(B, q) = apply(apply(B, b_to_c), a_to_c inverted).

    B is brought into the frame of C, and from there into A's. Compare its fixed points with those of A and B aligned
    directly.
    """
    return compose(b_to_c, invert(a_to_c))


def along(path: Sequence[Permutation]) -> Permutation:
    """p_1 … p_k of a path as a single permutation, which brings N_k into the frame of N_0.

    p_k acts first and p_1 last. Around a cycle the identity would be perfect: count the fixed points, or measure the
    barrier between N_0 and itself so permuted. An empty path is the identity.
    """
    return reduce(compose, reversed(path), {})

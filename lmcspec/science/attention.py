"""Attention that can be differentiated twice."""

from contextlib import AbstractContextManager
from typing import Any

from torch.nn.attention import SDPBackend, sdpa_kernel


def twice_differentiable() -> AbstractContextManager[Any]:
    """Within it torch's scaled dot-product attention is softmax(Q Kᵀ / √d) V, written out.

    Its fused kernels have a first derivative only. The forward pass and the first backward pass have to be within.
    """
    return sdpa_kernel(SDPBackend.MATH)

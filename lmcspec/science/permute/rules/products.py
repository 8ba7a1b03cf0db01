"""Products of activations, and attention, whose heads are blocks."""

from typing import Any

from torch import Tensor

from lmcspec.science.permute.labels import Axes, Axis, factored, fixed, pieces, product, tie
from lmcspec.science.permute.rules.rule import Labels, NotUnderstoodError, broadcast_axes, tied


def matmul(labels: Labels, output: Tensor, input: Tensor, other: Tensor) -> Axes:
    """(…, n, k) times (…, k, m): the axes that are summed over move alike, and so do batches."""
    left, right = labels.of(input), labels.of(other)
    if input.ndim == 1:
        left = (fixed(1, ""), *left)
    if other.ndim == 1:
        right = (*right, fixed(1, ""))
    tie(left[-1], right[-2])
    kept = ((left[-2],) if input.ndim > 1 else ()) + ((right[-1],) if other.ndim > 1 else ())
    sizes = output.shape[: output.ndim - len(kept)]
    return (*broadcast_axes(sizes, [left[:-2], right[:-2]]), *kept)


def matmul_reversed(labels: Labels, output: Tensor, input: Tensor, other: Tensor) -> Axes:
    """`other @ input`."""
    return matmul(labels, output, other, input)


def added_matmul(labels: Labels, output: Tensor, input: Tensor, first: Tensor, second: Tensor, **kwargs: Any) -> Axes:
    """`addmm`, `baddbmm`: a product and what is added to it."""
    return broadcast_axes(output.shape, [matmul(labels, output, first, second), labels.of(input)])


def einsum(labels: Labels, output: Tensor, equation: str, *operands: Any) -> Axes:
    """Axes of one letter move alike."""
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], tuple | list) else operands
    equation = equation.replace(" ", "")
    inputs, arrow, outcome = equation.partition("->")
    if not isinstance(equation, str) or not arrow or "." in equation:
        raise NotUnderstoodError("has an equation with … or without an arrow")
    met: dict[str, Axis] = {}
    for letters, tensor in zip(inputs.split(","), tensors, strict=True):
        for letter, axis, size in zip(letters, labels.of(tensor), tensor.shape, strict=True):
            if size > 1:
                tie(met.setdefault(letter, axis), axis)
    return tuple(met.get(letter, fixed(1, "")) for letter in outcome)


def attention(labels: Labels, output: Tensor, query: Tensor, key: Tensor, value: Tensor,
              attn_mask: Tensor | None = None, dropout_p: float = 0.0, is_causal: bool = False,
              scale: float | None = None, enable_gqa: bool = False) -> Axes:  # fmt: skip
    """softmax(Q Kᵀ / √d) V of (…, L, d), (…, S, d) and (…, S, e): whole heads move, and so may d, e, L and S."""
    if enable_gqa:
        raise NotUnderstoodError("shares keys among queries")
    (*batch, queries, d), (*batch_k, keys, d_k), (*batch_v, keys_v, e) = map(labels.of, (query, key, value))
    tie(d, d_k)
    tie(keys, keys_v)
    if is_causal:
        labels.pin(queries, "is causal along it")
        labels.pin(keys, "is causal along it")
    several = [tuple(batch), tuple(batch_k), tuple(batch_v)]
    if attn_mask is not None:
        *batch_m, rows, columns = labels.of(attn_mask)
        several.append(tuple(batch_m))
        for axis, other, size in ((queries, rows, attn_mask.shape[-2]), (keys, columns, attn_mask.shape[-1])):
            if size > 1:
                tie(axis, other)
    return (*broadcast_axes(output.shape[:-2], several), queries, e)


def multi_head_attention(  # noqa: PLR0913 -- torch's own parameters
    labels: Labels, output: Any, query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Tensor | None, in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None,
    add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor, out_proj_bias: Tensor | None,
    training: bool = True, key_padding_mask: Tensor | None = None, need_weights: bool = True,
    attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None, static_k: Tensor | None = None,
    static_v: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
) -> list[Axes]:  # fmt: skip
    """torch's own layer: projections in blocks of heads. Tokens stay in order."""
    if static_k is not None or static_v is not None:
        raise NotUnderstoodError("has keys that are given")
    width = embed_dim_to_check
    stacked = [[], [], []] if in_proj_weight is None else _thirds(labels, in_proj_weight, width)
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    projections = [labels.of(weight) for weight in separate if weight is not None] or stacked
    offsets = [()] * 3 if in_proj_bias is None else _thirds(labels, in_proj_bias, width)
    heads: list[Axis] = []
    within: list[Axis] = []
    for (out, features), offset, tensor in zip(projections, offsets, (query, key, value), strict=True):
        tie(labels.of(tensor)[-1], features)
        if offset:
            tie(out, offset[0])
        blocks, entries = factored(out, [num_heads, width // num_heads])
        heads.append(blocks)
        within.append(entries)
    tied(*heads)
    tied(*within[:2])
    for vector, (out, _) in zip((bias_k, bias_v), projections[1:], strict=True):
        if vector is not None:
            tie(out, labels.of(vector)[-1])
    out, features = labels.of(out_proj_weight)
    tie(features, product(heads[2], within[2]))
    if out_proj_bias is not None:
        tie(out, labels.of(out_proj_bias)[0])
    for tensor in (query, key, value, key_padding_mask, attn_mask):
        if tensor is not None:
            axes = labels.of(tensor)
            for axis in axes if tensor is attn_mask or tensor is key_padding_mask else (axes[0],):
                labels.pin(axis, "keeps tokens in order")
    if attn_mask is not None and attn_mask.ndim == 3:
        for axis in heads:
            labels.pin(axis, "has a mask for each head")
    result = [(*labels.of(query)[:-1], out)]
    weights = output[1]
    if weights is not None:
        if not average_attn_weights:
            labels.pin(heads[0], "shows the weights of each head")
        result.append(tuple(fixed(size, "attention's weights") for size in weights.shape))
    return result


def _thirds(labels: Labels, tensor: Tensor, width: int) -> list[Axes]:
    """The axes of three projections that are stacked on axis 0."""
    first, *others = labels.of(tensor)
    return [(part, *others) for part in pieces(first, [width] * 3)]


RULES = {
    **dict.fromkeys("matmul mm bmm mv dot inner_product".split(), matmul),
    "rmatmul": matmul_reversed,
    **dict.fromkeys(["addmm", "baddbmm"], added_matmul),
    "einsum": einsum,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
}

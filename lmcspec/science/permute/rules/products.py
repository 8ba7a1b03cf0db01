"""Products of activations, and attention, whose heads are blocks."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.nn.functional import multi_head_attention_forward

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


def attention(
    labels: Labels, output: Tensor, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any
) -> Axes:
    """softmax(Q Kᵀ / √d) V of (…, L, d), (…, S, d) and (…, S, e): whole heads move, and so may d, e, L and S."""
    given = dict(zip(("attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"), args, strict=False)) | kwargs
    mask = given.get("attn_mask")
    if given.get("enable_gqa"):
        raise NotUnderstoodError("shares keys among queries")
    (*batch, queries, d), (*batch_k, keys, d_k), (*batch_v, keys_v, e) = map(labels.of, (query, key, value))
    tie(d, d_k)
    tie(keys, keys_v)
    if given.get("is_causal"):
        labels.pin(queries, "is causal along it")
        labels.pin(keys, "is causal along it")
    several = [tuple(batch), tuple(batch_k), tuple(batch_v)]
    if mask is not None:
        *batch_m, rows, columns = labels.of(mask)
        several.append(tuple(batch_m))
        for axis, other, size in ((queries, rows, mask.shape[-2]), (keys, columns, mask.shape[-1])):
            if size > 1:
                tie(axis, other)
    return (*broadcast_axes(output.shape[:-2], several), queries, e)


def multi_head_attention(labels: Labels, output: Any, *args: Any, **kwargs: Any) -> list[Axes]:
    """torch's own layer: the outputs of its projections move in whole heads, tokens stay in order."""
    given = inspect.signature(multi_head_attention_forward).bind(*args, **kwargs).arguments
    if given.get("static_k") is not None or given.get("static_v") is not None:
        raise NotUnderstoodError("has keys that are given")
    inputs = [given[name] for name in ("query", "key", "value")]
    width, count = given["embed_dim_to_check"], given["num_heads"]
    heads: list[Axis] = []
    within: list[Axis] = []
    for tensor, (out, features), offset in zip(inputs, *_projections(labels, given, width), strict=True):
        tie(labels.of(tensor)[-1], features)
        for axes in offset:
            tie(out, axes[-1])
        blocks, entries = factored(out, [count, width // count])
        heads.append(blocks)
        within.append(entries)
    tied(*heads)
    tied(*within[:2])
    out, features = labels.of(given["out_proj_weight"])
    tie(features, product(heads[2], within[2]))
    if given["out_proj_bias"] is not None:
        tie(out, labels.of(given["out_proj_bias"])[0])
    masks = [mask for mask in (given.get("key_padding_mask"), given.get("attn_mask")) if mask is not None]
    for axis in [*(labels.of(tensor)[0] for tensor in inputs), *(axis for mask in masks for axis in labels.of(mask))]:
        labels.pin(axis, "keeps tokens in order")
    attended = (*labels.of(inputs[0])[:-1], out)
    apart = output[1] is not None and not given.get("average_attn_weights", True)
    if apart or any(mask.ndim == 3 for mask in masks):
        labels.pin(heads[0], "tells heads from each other")
    weights = [
        tuple(fixed(size, "attention's weights") for size in part.shape) for part in output[1:] if part is not None
    ]
    return [attended, *weights]


def _projections(labels: Labels, given: Mapping[str, Any], width: int) -> tuple[list[Axes], list[list[Axes]]]:
    """The labels of the weights of query, key and value, and of what is added to, or stands beside, each."""
    if given.get("use_separate_proj_weight"):
        weights = [labels.of(given[f"{letter}_proj_weight"]) for letter in "qkv"]
    else:
        weights = _thirds(labels, given["in_proj_weight"], width)
    biases = given["in_proj_bias"]
    offsets = [[]] * 3 if biases is None else [[axes] for axes in _thirds(labels, biases, width)]
    beside = [[], *([] if vector is None else [labels.of(vector)] for vector in (given["bias_k"], given["bias_v"]))]
    return weights, [[*first, *second] for first, second in zip(offsets, beside, strict=True)]


def _thirds(labels: Labels, tensor: Tensor, width: int) -> list[Axes]:
    """The axes of three projections that are stacked on axis 0."""
    first, *others = labels.of(tensor)
    return [(part, *others) for part in pieces(first, [width] * 3)]


RULES = {
    **dict.fromkeys(["matmul", "mm", "bmm", "mv", "dot", "vdot", "inner_product"], matmul),
    "rmatmul": matmul_reversed,
    **dict.fromkeys(["addmm", "baddbmm"], added_matmul),
    "einsum": einsum,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
}

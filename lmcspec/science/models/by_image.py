"""Instance norm, ReLU and 2x2 average pooling of one image at a time, so that what lies between stays in the cache.

As three operations on a batch each of them goes through memory: 67 MB for 128 images of 128 channels and 32x32 pixels.
An image alone is half a megabyte. It takes images that lie channels last, in which an image's channels are normed as
fast as a batch's; torch's own instance norm is slow there, and its average pooling is slow channels first.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_norm = torch.ops.aten.native_batch_norm
_norm_backward = torch.ops.aten.native_batch_norm_backward
_pool = torch.ops.aten.avg_pool2d
_pool_backward = torch.ops.aten.avg_pool2d_backward
_relu_backward = torch.ops.aten.threshold_backward


def pooled(x: Tensor, norm: nn.Module) -> Tensor:
    """avg_pool(relu(norm(x))), with windows of 2x2: (n, c, H, W) to (n, c, H // 2, W // 2).

    Image by image where `x` lies channels last on a CPU and the norm is of each image's channels; equal to rounding.
    """
    if _suits(x, norm):
        return _ByImage.apply(x, norm.weight, norm.bias, norm.eps)  # pyright: ignore[reportReturnType]
    return functional.avg_pool2d(norm(x).relu(), 2)


def _suits(x: Tensor, norm: nn.Module) -> bool:
    return (
        not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None  # pyright: ignore[reportAttributeAccessIssue]
        and x.device.type == "cpu"
        and not x.is_contiguous()
        and x.is_contiguous(memory_format=torch.channels_last)
        and isinstance(norm, nn.GroupNorm)
        and norm.num_groups == norm.num_channels
        and norm.affine
        and x.dtype == norm.weight.dtype in (torch.float32, torch.float64)
        and not (norm._forward_hooks or norm._forward_pre_hooks)
        and not torch.is_autocast_enabled("cpu")
    )


def _whole(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The same of a batch at once, which can be differentiated as often as one likes."""
    return functional.avg_pool2d(functional.group_norm(x, x.shape[1], weight, bias, eps).relu(), 2)


class _ByImage(torch.autograd.Function):
    """Keeps its input, means and deviations only: what a ReLU lets through is computed anew on the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        images, channels, height, width = x.shape
        mean, scale = torch.empty((2, images, channels), dtype=x.dtype)
        normed = torch.empty_like(x[:1])
        answer = torch.empty(
            (images, channels, height // 2, width // 2), dtype=x.dtype, memory_format=torch.channels_last
        )
        for image in _each(images):
            place = image.start
            into = {"out": normed, "save_mean": mean[place], "save_invstd": scale[place]}
            _norm.out(x[image], weight, bias, None, None, True, 0.0, eps, **into)
            _pool.out(normed.relu_(), [2, 2], out=answer[image])
        ctx.save_for_backward(x, weight, bias, mean, scale)
        ctx.eps = eps
        return answer

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, mean, scale = ctx.saved_tensors
        (gradient,) = gradients
        if torch.is_grad_enabled():  # who asks for it wants to differentiate again
            answer = _whole(x, weight, bias, ctx.eps)
            wanted = [tensor for tensor in (x, weight, bias) if tensor.requires_grad]
            slopes = iter(torch.autograd.grad(answer, wanted, gradient, create_graph=True))
            return *(next(slopes) if tensor.requires_grad else None for tensor in (x, weight, bias)), None
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_x, of_weights, of_biases = torch.empty_like(x), torch.empty_like(mean), torch.empty_like(mean)
        slopes = weight * scale
        shifts = bias - mean * slopes
        normed, unpooled = torch.empty_like(x[:1]), torch.empty_like(x[:1])
        for image in _each(len(x)):
            place = image.start
            torch.addcmul(shifts[place, :, None, None], x[image], slopes[place, :, None, None], out=normed)
            pooling = ([2, 2], [2, 2], [0, 0], False, True, None)
            _pool_backward.grad_input(gradient[image], normed, *pooling, grad_input=unpooled)
            _relu_backward.grad_input(unpooled, normed, 0, grad_input=unpooled)
            given = (weight, None, None, mean[place], scale[place], True, ctx.eps, [True, True, True])
            into = {"out0": of_x[image], "out1": of_weights[place], "out2": of_biases[place]}
            _norm_backward.out(unpooled, x[image], *given, **into)
        return of_x, of_weights.sum(0), of_biases.sum(0), None


def _each(images: int) -> Iterator[slice]:
    """Every image, as a batch of one."""
    return (slice(place, place + 1) for place in range(images))

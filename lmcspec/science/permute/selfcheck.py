"""Whether groups are right, by numbers: a network of random weights and its permuted twin compute the same."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lmcspec.base import streams
from lmcspec.base.errors import LmcspecError
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.recording import outputs_of
from lmcspec.science.permute.rules.rule import tensors_in

TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-3}
"""Of the largest output, by the type in which the network can be run."""
_IMAGES = 3
_SEED = int(streams.words(1, "match", "self-check")[0]) >> 1


class GroupsError(LmcspecError, RuntimeError):
    """Groups whose permutation changes what the network computes."""

    exit_code = 2


def check(module: nn.Module, groups: Groups, shape: tuple[int, ...], tolerance: float | None = None) -> None:
    """Raise GroupsError with the name of the first group whose random permutation changes the network's output.

    It is compared in float64 and evaluation mode on random images of `shape`, with all parameters and buffers drawn
    anew: at their initial values biases, scales and statistics would hide that they were left behind. And again with
    the signs of parameters turned, for units that a non-linearity has switched off. A network that only runs in float32
    is compared in that, with a larger tolerance. `tolerance` is a share of the largest output. What the network draws
    is the same each time.
    """
    if not groups.sizes:
        return
    twin = _copied(module).eval().double()
    generator = torch.Generator().manual_seed(_SEED)
    state = randomised(twin, generator)
    images = torch.randn(_IMAGES, *shape, generator=generator, dtype=torch.float64)
    device, run_in = next(twin.parameters(), images).device, torch.float64
    if device.type == "meta":
        raise GroupsError("the groups can't be checked: the network is on the meta device and has no numbers")
    try:
        _outputs(twin, state, images.to(device))
    except RuntimeError:
        twin, images, run_in = twin.float(), images.float(), torch.float32
        state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    parameters = {name for name, _ in twin.named_parameters(remove_duplicate=False)}
    turned = {name: -tensor if name in parameters else tensor for name, tensor in state.items()}
    for given in (state, turned):
        _compare(twin, groups, given, images.to(device), tolerance or TOLERANCE[run_in])


def _compare(module: nn.Module, groups: Groups, state: Mapping[str, Tensor], images: Tensor, tolerance: float) -> None:
    try:
        before = _outputs(module, state, images)
    except RuntimeError as error:
        raise GroupsError(
            f"the groups can't be checked: the network can't be run with other weights: {error}"
        ) from error
    if not torch.isfinite(before).all():
        raise GroupsError("the groups can't be checked: with random weights the network's output is not finite")
    permutation = {group: _moving(size, group) for group, size in groups.sizes.items()}
    scale = (before.abs().max() if before.numel() else torch.ones(())) * tolerance

    def kept(moved: Mapping[str, Tensor]) -> bool:
        after = _outputs(module, _permuted(groups, moved, state), images)
        return bool((after - before).abs().max() <= scale)

    if kept(permutation):
        return
    if not kept({}):
        raise GroupsError("the groups can't be checked: the network answers differently each time")
    names = list(groups.sizes)
    ways = ({name: permutation[name] for name in names[: count + 1]} for count in range(len(names)))
    broken = next(name for name, moved in zip(names, ways, strict=True) if not kept(moved))
    raise GroupsError(
        f"permuting the group {broken!r} changes what the network computes: its tensors do not move alike",
        help="an operation does something with tensors that was not seen; leave the group out, or report the model",
    )


def _copied(module: nn.Module) -> nn.Module:
    """A copy; tensors that a module has made of its parameters, as norms of weights do, are copied as numbers."""
    made = [value for part in module.modules() for value in vars(part).values() if isinstance(value, Tensor)]
    return copy.deepcopy(module, {id(tensor): tensor.detach().clone() for tensor in made if tensor.grad_fn is not None})


def randomised(module: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """A state in which nothing is at its initial value: weights of variance 1 / fan-in, other parameters normal.

    Running variances lie in [0.5, 1.5]; other buffers, which may be tables or masks, are multiplied by such numbers,
    and their zeros become numbers in [0, 0.1]. Whole numbers stay.
    """
    state: dict[str, Tensor] = {}
    parameters = {id(parameter) for parameter in module.parameters()}
    drawn: dict[int, Tensor] = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            continue
        if id(tensor) not in drawn:
            shape = tuple(tensor.shape)
            normal = torch.randn(shape, generator=generator, dtype=torch.float64)
            uniform = 0.5 + torch.rand(shape, generator=generator, dtype=torch.float64)
            if id(tensor) in parameters:
                value = normal / max(tensor[0].numel(), 1) ** 0.5 if tensor.ndim > 1 else normal
            elif name.endswith("running_mean"):
                value = normal
            elif name.endswith("running_var"):
                value = uniform
            else:
                old = tensor.detach().cpu()
                value = torch.where(old == 0, 0.1 * (uniform - 0.5), old * uniform)
            drawn[id(tensor)] = value.to(tensor)
        state[name] = drawn[id(tensor)]
    return state


def _outputs(module: nn.Module, state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    devices = [images.device] if images.is_cuda else []
    with torch.no_grad(), torch.random.fork_rng(devices):
        torch.manual_seed(_SEED)
        outputs = [tensor.flatten() for tensor in tensors_in(outputs_of(module, state, images))]
        return torch.cat([part if part.is_complex() else part.double() for part in outputs])


def _permuted(groups: Groups, permutation: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with unit p[i] of each group as unit i. It is written out here, so that it checks what others do."""
    permuted = dict(state)
    for name, tensor in state.items():
        for axis, blocks in enumerate(groups.axes[name]):
            old = [_order(block, permutation) for block in blocks]
            starts = [sum(block.length for block in blocks[:place]) for place in range(len(blocks))]
            index = torch.cat([order + start for order, start in zip(old, starts, strict=True)] or [torch.arange(0)])
            permuted[name] = permuted[name].index_select(axis, index.to(tensor.device))
    return permuted


def _moving(size: int, group: str) -> Tensor:
    """A random permutation that is not the identity, as of two heads half of them would be."""
    order = torch.from_numpy(streams.permutation(size, "match", "self-check", group))
    return order.roll(1) if torch.equal(order, torch.arange(size)) else order


def _order(block: Block, permutation: Mapping[str, Tensor]) -> Tensor:
    units = permutation.get(block.group or "", torch.arange(block.size))
    return (units[:, None] * block.inner + torch.arange(block.inner)).flatten()

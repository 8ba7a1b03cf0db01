"""Networks of the permutation tests with their groups written by hand: an MLP, a VGG and a ResNet."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science.models import mlp, resnet
from lmcspec.science.permute.groups import Block, Groups

Carried = Mapping[str, tuple[Block | None, ...]]
"""Of each tensor the block of each of its first axes; None, and axes that aren't named, stay."""


def groups(module: nn.Module, carried: Carried) -> Groups:
    """Groups in which each tensor's axes carry these blocks."""
    sizes, axes = {}, {}
    for name, tensor in module.state_dict().items():
        blocks = carried.get(name, ())
        blocks = (*blocks, *(None,) * (tensor.ndim - len(blocks)))
        axes[name] = tuple((block or Block(None, length),) for block, length in zip(blocks, tensor.shape, strict=True))
        sizes |= {block.group: block.size for block in blocks if block is not None}
    return Groups(sizes, axes, tuple(name for name, _ in module.named_parameters()))


def mlp_and_groups(inputs: int = 6, widths: tuple[int, ...] = (5, 4), classes: int = 3) -> tuple[nn.Module, Groups]:
    """A fully connected network: each hidden layer is a group."""
    module = mlp.build(Mlp(widths=widths), (1, 1, inputs), classes)
    layers = [name.removesuffix(".weight") for name in module.state_dict() if name.endswith(".weight")]
    carried, before = {}, None
    for layer, width in zip(layers, (*widths, None), strict=True):
        block = None if width is None else Block(layer, width)
        carried |= {f"{layer}.weight": (block, before), f"{layer}.bias": (block,)}
        before = block
    return module, groups(module, carried)


class SmallVgg(nn.Module):
    """Convolutions with batch norm, max pooling, and a flatten of 2x2 pixels before two linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, width, 3, padding=1), nn.Conv2d(width, 2 * width, 3, padding=1)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(width), nn.BatchNorm2d(2 * width)])
        self.hidden, self.classifier = nn.Linear(8 * width, 2 * width), nn.Linear(2 * width, 4)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = nn.functional.max_pool2d(norm(conv(x)).relu(), 2)
        return self.classifier(self.hidden(x.flatten(1)).relu())


def vgg_and_groups(width: int = 3) -> tuple[nn.Module, Groups]:
    """For images of 8x8 pixels: after the flatten each channel is 4 entries of the linear layer's inputs."""
    module = SmallVgg(width)
    first, second, hidden = Block("convs.0", width), Block("convs.1", 2 * width), Block("hidden", 2 * width)
    carried: dict[str, tuple[Block | None, ...]] = {
        "convs.0.weight": (first,),
        "convs.0.bias": (first,),
        "convs.1.weight": (second, first),
        "convs.1.bias": (second,),
        "hidden.weight": (hidden, Block("convs.1", 2 * width, 4)),
        "hidden.bias": (hidden,),
        "classifier.weight": (None, hidden),
    }
    for place, block in enumerate((first, second)):
        carried |= {f"norms.{place}.{what}": (block,) for what in ("weight", "bias", "running_mean", "running_var")}
    return module, groups(module, carried)


def resnet_and_groups(depth: int = 8, width: int = 4, norm: str = "batch") -> tuple[nn.Module, Groups]:
    """A ResNet with shortcuts of option B: a group for each stage's stream, and one inside each block."""
    module = resnet.build(CifarResNet(depth=depth, width=width, norm=norm), (3, 8, 8), 4)
    state = module.state_dict()
    stream = Block("stem.conv", width)
    carried: dict[str, tuple[Block | None, ...]] = {"stem.conv.weight": (stream,)}

    def normed(layer: str, block: Block) -> None:
        carried.update({name: (block,) for name in state if name.startswith(f"{layer}.norm.") and state[name].ndim})

    normed("stem", stream)
    for number in range((depth - 2) // 2):
        entering, size = stream, state[f"blocks.{number}.first.conv.weight"].shape[0]
        inner = Block(f"blocks.{number}.first.conv", size)
        if f"blocks.{number}.shortcut.conv.weight" in state:
            stream = Block(f"blocks.{number}.second.conv", size)
            carried[f"blocks.{number}.shortcut.conv.weight"] = (stream, entering)
            normed(f"blocks.{number}.shortcut", stream)
        carried[f"blocks.{number}.first.conv.weight"] = (inner, entering)
        carried[f"blocks.{number}.second.conv.weight"] = (stream, inner)
        normed(f"blocks.{number}.first", inner)
        normed(f"blocks.{number}.second", stream)
    carried["classifier.weight"] = (None, stream)
    return module, groups(module, carried)


def randomised(module: nn.Module, seed: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """A state of the module in which all numbers are drawn: biases, norms and running statistics too."""
    draw = torch.Generator().manual_seed(seed)
    state = {}
    for name, tensor in module.state_dict().items():
        if tensor.dtype.is_floating_point:
            drawn = torch.randn(tensor.shape, generator=draw, dtype=torch.float64)
            drawn = drawn.abs() + 0.5 if name.endswith("running_var") else drawn
            fan = tensor[0].numel() if tensor.ndim > 1 else 1
            state[name] = (drawn / fan**0.5).to(dtype)
        else:
            state[name] = tensor.clone()
    return state


def outputs(module: nn.Module, state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """What the module answers in float64 with this state, in the mode in which it is; the state stays as it is."""
    copied = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    return torch.func.functional_call(module, {name: tensor.clone() for name, tensor in copied.items()}, (images,))

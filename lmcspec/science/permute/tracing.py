"""The groups of any network: its forward pass is run once in evaluation and once in training, and read.

Each axis of each parameter and buffer begins as units of its own. What the operations of the forward pass do to them
(`rules`) ties them together; what a rule does not know, and what enters or leaves the network, stays where it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import torch
from torch import Tensor, nn

from lmcspec.base.errors import LmcspecError
from lmcspec.science.dropout import silence
from lmcspec.science.permute.grouping import Grouping, grouped
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.labelling import FACTS, Labelling, free_axes
from lmcspec.science.permute.labels import Axes, choose, fixed
from lmcspec.science.permute.recording import Recorder, Taker, modules_followed, outputs_of
from lmcspec.science.permute.rules import RULES
from lmcspec.science.permute.rules.elementwise import ACTIVATIONS
from lmcspec.science.permute.rules.rule import tensors_in, unread_in
from lmcspec.science.permute.selfcheck import check
from lmcspec.science.permute.state_names import in_order_of_use, parameters_once, sharing_memory

_IMAGES = 2
"""Batch norm has no variance of one image."""


class TracingError(LmcspecError, RuntimeError):
    """A network whose forward pass could not be run, so that nothing is known of its groups."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Site:
    """A place where the units of a group can be seen: along an axis of an operation's output.

    There its `size` units begin at entry `start`, and each has `inner` consecutive entries.
    """

    place: str
    """Such as `relu in blocks.0`."""
    number: int
    """How many operations come before it."""
    operation: str
    """What the operation is called in torch, such as `relu`, or `add` where a residual stream is added to."""
    nonlinear: bool
    """Whether it is the output of a non-linearity."""
    axis: int
    start: int
    size: int
    inner: int

    def units(self, output: Tensor) -> Tensor:
        """Of the operation's output what the group has, with an entry for each unit along `axis`.

        Where a unit has several entries there, they are on a further axis at the end.
        """
        stretch = output.narrow(self.axis, self.start, self.size * self.inner)
        if self.inner == 1:
            return stretch
        return stretch.unflatten(self.axis, (self.size, self.inner)).movedim(self.axis + 1, -1)


@dataclass(frozen=True, slots=True)
class Traced:
    """A network's groups, and for each of them the sites in the order of execution, in evaluation mode.

    Heads of torch's own attention have none, for what happens within an operation is not seen.
    """

    groups: Groups
    sites: Mapping[str, tuple[Site, ...]]
    module: nn.Module
    operations: tuple[str, ...]
    order: tuple[str, ...]
    """The names of the state from input to output: modules in the order in which the forward pass first uses a tensor
    of theirs, each with its tensors and buffers as it defines them; what is never used comes last."""

    def run(self, state: Mapping[str, Tensor], images: Tensor, sites: Sequence[Site]) -> list[Tensor]:
        """The activations of the network with another state, at each of these sites, in evaluation mode.

        Each has the group's units along `site.axis`, one entry for each, and images along axis 0. Raises RuntimeError
        if the network does something else with these images than it was traced with.
        """
        taker = Taker(self.operations, {site.number for site in sites})
        with _as_it_was(self.module), torch.no_grad():
            self.module.eval()
            with Recorder(taker):
                outputs_of(self.module, state, images)
        return [site.units(taker.taken[site.number]) for site in sites]


def groups_of(module: nn.Module, shape: tuple[int, ...]) -> Groups:
    """The groups of a network on images of `shape`, checked by numbers.

    Raises TracingError where it can't be run, GroupsError where permuting a group changes what it computes.
    """
    groups = trace(module, shape).groups
    check(module, groups, shape)
    return groups


def trace(module: nn.Module, shape: tuple[int, ...]) -> Traced:
    """The groups of a network on images of `shape` (channels, height, width), with places to see them.

    The module keeps its state and its modes. Nothing is checked by numbers: `groups_of` does that.
    """
    state = _state(module)
    labelling = Labelling(RULES)
    for tensor in state.values():
        labelling.put(tensor, free_axes(tensor))
    steps: list[_Step] = []
    images = _images(module, shape)
    with _as_it_was(module):
        for training in (False, True):
            module.train(training)
            silence(module)
            follower = _Follower(labelling, images, steps)
            follower.follow(module)
            follower.pin_outputs()
    used = {id(tensor) for step in steps for tensor in step.inputs}
    shared = sharing_memory(state)
    for name, tensor in state.items():
        labelling.place = name
        for axis in labelling.of(tensor):
            if id(tensor) not in used:
                labelling.pin(axis, "is not used in the forward pass")
            if name in shared:
                labelling.pin(axis, "shares memory with another tensor of the state")
    first_use = {id(tensor): number for number, step in reversed(list(enumerate(steps))) for tensor in step.inputs}
    labelling.settle()
    labels = {name: labelling.of(tensor) for name, tensor in state.items()}
    uses = {name: first_use.get(id(tensor), len(steps)) for name, tensor in state.items()}
    for axes in labels.values():
        for axis in axes:
            choose(axis)
    parameters = {id(parameter) for parameter in module.parameters()}
    grouping = grouped(
        labels,
        uses=uses,
        counted=parameters_once(state, parameters),
        unread=labelling.unread,
    )
    evaluated = [step for step in steps if not step.training and step.outputs]
    operations = tuple(step.name for step in evaluated)
    return Traced(grouping.groups, _sites(grouping, evaluated), module, operations, in_order_of_use(state, uses))


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    place: str
    training: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    axes: Axes
    """Of the output, where it is a single tensor that depends on the images."""


class _Follower:
    """Reads the operations of a forward pass into a labelling, and writes down which there were."""

    def __init__(self, labelling: Labelling, images: Tensor, steps: list[_Step]) -> None:
        self._labelling = labelling
        self._images = images
        self._steps = steps
        self._from_images = {id(images)}
        self._output: Any = None

    def follow(self, module: nn.Module) -> None:
        """Run the module, each operation of which is read as it is done."""
        reasons = ("images stay in order", "the network's input", *["pixels stay in order"] * self._images.ndim)
        axes = [fixed(size, reason) for size, reason in zip(self._images.shape, reasons, strict=False)]
        self._labelling.put(self._images, tuple(axes))
        devices = [self._images.device] if self._images.is_cuda else []
        with modules_followed(module) as where, torch.random.fork_rng(devices), torch.enable_grad(), catch_warnings():
            simplefilter("ignore")  # as of a number taken from what has a gradient, which it would not have elsewhere
            try:
                with Recorder(self._seen_by(where, module.training)):
                    self._output = module(self._images)
            except Exception as error:
                mode = "training" if module.training else "evaluation"
                raise TracingError(
                    f"the network can't be run in {mode} mode on images of {tuple(self._images.shape)}: {error}",
                    help="give the shape (channels, height, width) of the images that it is made for",
                ) from error

    def pin_outputs(self) -> None:
        """What the network gives has its meaning by its place."""
        outputs = tensors_in(self._output)
        if not outputs:
            raise TracingError(
                f"the network gives a value of type {type(self._output).__name__}, in which there is no tensor",
                help="let it give a tensor, or tensors in a tuple, a list, a dictionary or a dataclass",
            )
        for tensor in outputs:
            for axis in self._labelling.of(tensor):
                self._labelling.place = "the network's output"
                self._labelling.pin(axis, "stays in order")
        for kind in unread_in(self._output):
            self._labelling.place = "the network's output"
            self._labelling.report(f"has a {kind}, in which no tensor is looked for")

    def _seen_by(self, where: Callable[[], str], training: bool) -> Callable[..., None]:
        def seen(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
            self._labelling.place = f"{name} in {where() or 'the network'}"
            inputs, outputs = tuple(tensors_in((args, kwargs))), tuple(tensors_in(output))
            self._labelling.read(name, args, kwargs, output)
            if not outputs and name in FACTS:
                return
            axes: Axes = ()
            if any(id(tensor) in self._from_images for tensor in inputs):
                if not outputs and name != "setitem":
                    self._labelling.report("takes a number out of the network: what it does with others is not seen")
                self._from_images.update(map(id, outputs or inputs[:1]))
                axes = self._labelling.of(outputs[0]) if len(outputs) == 1 else ()
            self._steps.append(_Step(name, self._labelling.place, training, inputs, outputs, axes))

        return seen


def _sites(grouping: Grouping, steps: Sequence[_Step]) -> dict[str, tuple[Site, ...]]:
    sites: dict[str, list[Site]] = {group: [] for group in grouping.groups.sizes}
    for number, step in enumerate(steps):
        for axis, label in enumerate(step.axes):
            start = 0
            for block in grouping.blocks(label):
                if block.group is not None:
                    nonlinear = step.name in ACTIVATIONS
                    site = Site(step.place, number, step.name, nonlinear, axis, start, block.size, block.inner)
                    sites[block.group].append(site)
                start += block.length
    return {group: tuple(several) for group, several in sites.items()}


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by all their names; TracingError for one that has no shape yet."""
    state = {name: tensor for name, tensor in module.state_dict(keep_vars=True).items() if isinstance(tensor, Tensor)}
    for name, tensor in state.items():
        if nn.parameter.is_lazy(tensor):
            raise TracingError(f"{name} has no shape yet", help="run the network on some images first")
    return state


def _images(module: nn.Module, shape: tuple[int, ...]) -> Tensor:
    like = next((tensor for tensor in module.parameters() if tensor.is_floating_point()), torch.zeros(()))
    count = _IMAGES * int(torch.Size(shape).numel())
    return torch.linspace(-1, 1, count, dtype=like.dtype, device=like.device).view(_IMAGES, *shape)


@contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    """Afterwards the module has its modes and buffers of before, and frozen parameters are frozen.

    Within it they have gradients: by these a tensor that something unseen has made is told from a constant.
    """
    modes = [(part, part.training) for part in module.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in module.buffers()]
    frozen = [
        parameter
        for parameter in module.parameters()
        if not parameter.requires_grad and parameter.is_floating_point() and not parameter.is_inference()
    ]
    try:
        for parameter in frozen:
            parameter.requires_grad_(True)
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)
        for part, training in modes:
            part.training = training
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)

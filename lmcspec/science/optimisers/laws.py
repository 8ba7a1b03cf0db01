"""The laws under which every optimiser runs, whoever wrote it: held while it runs, and named where it breaks one.

- It changes the tensors that it is given in place, and keeps `WHAT/NAME` moments in the shapes of these.
- Where weight, gradient and moments are zero it leaves them so: what is pruned stays pruned.
- What `state` gives, `load` takes, and `state` then gives the same, and all that a step goes by: a run that goes on is
  the one that was cut off.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor

from lmcspec.base.errors import LmcspecError
from lmcspec.catalog import Optimiser, get
from lmcspec.science import masks
from lmcspec.science.optimisers import stepper


class BrokenLaw(LmcspecError):
    """What an optimiser does and none may, with its name, its package and the tensor."""


class LawfulStepper:
    """The optimiser of a recipe at work, a `Stepper` itself, that raises BrokenLaw.

    The first step that moves anything is looked at closely, as that costs; the rest by what `check` sees of it. The
    second is taken by a twin as well that has loaded the state, unless the optimiser is built in: tests do that.
    """

    def __init__(
        self, config: Optimiser, names: Sequence[str], parameters: Sequence[Tensor], mask: Mapping[str, Tensor]
    ) -> None:
        card = get("optimiser", config.name)
        package = card.implementation.partition(".")[0]
        self._config, self._trusted = config, package == "lmcspec"
        self._who = f"the optimiser {config.name!r} of {package}"
        self._parameters, self._mask = dict(zip(names, parameters, strict=True)), mask
        self._given = [tensor.detach() for tensor in parameters]
        self._stepper, self._proven = stepper(config, names, parameters), False
        self._check_shapes(self.moments)
        kept = len({moment.partition("/")[0] for moment in self.moments})
        if kept > card.moments:  # pyright: ignore[reportAttributeAccessIssue]
            self._break(f"keeps {kept} moments of each weight, more than its card says", _MOMENTS)

    @property
    def moments(self) -> dict[str, Tensor]:
        """The optimiser's own."""
        return self._tensors("moments", getattr(self._stepper, "moments", None))

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update of the parameters, in place."""
        if (self._proven and self._trusted) or lr <= 0 or not _finite(gradients):
            self._stepper.step(gradients, lr)
            return
        if self._proven:
            self._step_beside_twin(gradients, lr)
            return
        before = [tensor.clone() for tensor in self._parameters.values()]
        versions = [tensor._version for tensor in self._parameters.values()]
        steep = [name for name, gradient in zip(self._parameters, gradients, strict=True) if gradient.any()]
        self._stepper.step(gradients, lr)
        for (name, tensor), given in zip(self._parameters.items(), self._given, strict=True):
            same = torch._C._is_alias_of(tensor, given)  # pyright: ignore[reportAttributeAccessIssue]
            if not same or tensor.shape != given.shape:
                self._break(f"puts another tensor in the place of {name!r}", _IN_PLACE)
        now = self._parameters.values()
        written = versions != [tensor._version for tensor in now]  # even where rounding leaves every weight as it was
        if steep and not written and not any((old != new).any() for old, new in zip(before, now, strict=True)):
            self._break(f"has moved no weight with its first step, not of {steep[0]!r} either", _IN_PLACE)
        self.check(self._parameters, self.moments, "its first step")
        self._proven = bool(steep)

    def _step_beside_twin(self, gradients: list[Tensor], lr: float) -> None:
        weights = [tensor.clone() for tensor in self._given]
        twin = LawfulStepper(self._config, tuple(self._parameters), weights, self._mask)
        twin.load({name: tensor.detach().to("cpu", copy=True) for name, tensor in self.state().items()})
        twin._stepper.step([gradient.clone() for gradient in gradients], lr)
        self._stepper.step(gradients, lr)
        ours = {**self._parameters, **self.state()}
        theirs = {**dict(zip(self._parameters, weights, strict=True)), **twin.state()}
        for name, tensor in ours.items():
            if name not in theirs or not _same(tensor, theirs[name]):
                self._break(f"has another {name!r} after a step where it goes on from its state", _ALL_OF_IT)
        self._trusted = True

    def check(self, weights: Mapping[str, Tensor], state: Mapping[str, Tensor], when: str) -> None:
        """Raise BrokenLaw unless what is pruned is zero in weights and moments, and the moments have their shapes."""
        self._check_shapes(state)
        pruned = {name: (weights[name], keep) for name, keep in self._mask.items()}
        pruned |= {
            moment: (tensor, self._mask[name])
            for moment, tensor in state.items()
            if (name := moment.partition("/")[2]) in self._mask
        }
        try:
            for name, (tensor, keep) in pruned.items():
                masks.assert_masked({name: tensor}, {name: keep})
        except AssertionError as error:
            self._break(f"moves what is pruned: after {when} {error}", _PRUNED, error)

    def state(self) -> dict[str, Tensor]:
        """All that the next update depends on."""
        state = self._tensors("state", self._stepper.state())
        if lost := sorted(self.moments.keys() - state.keys()):
            self._break(f"leaves its moment {lost[0]!r} out of its state", _THE_SAME)
        self._check_shapes(state)
        return state

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        try:
            self._stepper.load(state)
        except (ValueError, LookupError, RuntimeError, TypeError, AttributeError) as error:
            if "memory" in str(error):  # of a device or a host that is full, which is no fault of an optimiser
                raise
            self._break(f"can't go on from the state that is stored: {type(error).__name__}: {error}", _THE_SAME, error)
        loaded = self.state()
        for name in sorted(state.keys() | loaded.keys()):
            if name not in state or name not in loaded or not _same(state[name], loaded[name]):
                self._break(f"has another {name!r} after it has loaded the state that is stored", _THE_SAME)

    def _tensors(self, what: str, held: Any) -> dict[str, Tensor]:
        if not isinstance(held, dict):
            self._break(f"has {type(held).__name__} for its {what}, no dict of tensors", _MOMENTS)
        for name, value in held.items():
            if not isinstance(value, Tensor):
                self._break(f"keeps {name!r} as {type(value).__name__}, no tensor", _MOMENTS)
        return held

    def _check_shapes(self, state: Mapping[str, Tensor]) -> None:
        for moment, tensor in state.items():
            weights = self._parameters.get(moment.partition("/")[2])
            if weights is None and moment in self.moments:
                self._break(f"keeps {moment!r}, of no parameter", _MOMENTS)
            if weights is not None and tensor.shape != weights.shape:
                shapes = f"{tuple(tensor.shape)}, where its parameter has {tuple(weights.shape)}"
                self._break(f"keeps {moment!r} in the shape {shapes}", _MOMENTS)

    def _break(self, what: str, law: str, cause: BaseException | None = None) -> NoReturn:
        raise BrokenLaw(f"{self._who} {what}", help=f"mend its package: {law}") from cause


_IN_PLACE = "a step changes the tensors that it was built with in place"
_PRUNED = "a step leaves a weight zero where it, its gradient and its moments are zero"
_MOMENTS = (
    "moments are tensors called WHAT/NAME of a parameter, in its shape, as many of each as its card says; what else "
    "there is goes into the state alone, as tensors"
)
_ALL_OF_IT = "all that a step goes by is in `state`, counters and random draws too"
_THE_SAME = "`load` takes what `state` gave, and `state` then gives the same to the bit"


def _finite(gradients: Sequence[Tensor]) -> bool:
    return all(bool(gradient.isfinite().all()) for gradient in gradients)


def _same(a: Tensor, b: Tensor) -> bool:
    a, b = a.cpu(), b.cpu()
    return a.shape == b.shape and bool(((a == b) | (a.isnan() & b.isnan())).all())

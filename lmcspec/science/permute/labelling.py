"""The labels of the tensors of a forward pass, and what becomes of them at each of its operations."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from lmcspec.science.permute.labels import Axes, Axis, fixed, free, length, pin, settled, tie
from lmcspec.science.permute.rules.rule import NotUnderstoodError, Rule, names, tensors_in

FACTS = frozenset(
    names(
        "size shape dim ndim ndimension stride storage_offset numel nelement element_size itemsize nbytes dtype device "
        "layout requires_grad is_leaf grad_fn grad names output_nr is_cuda is_cpu is_meta is_mps is_xpu is_sparse "
        "is_quantized is_nested is_floating_point is_complex is_signed is_contiguous is_conj is_neg is_inference "
        "get_device type len data_ptr has_names is_same_size is_set_to _version hash repr format is_pinned is_shared "
        "is_tensor _is_view"
    )
)
"""What may be asked of a tensor without looking at its numbers."""


class Labelling:
    """The labels of all tensors so far; what rules read and write.

    `place` says where the operation stands that is being read. `unread` has, for each operation without a rule, what
    was done about it.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.place = ""
        self.unread: dict[str, str] = {}
        self._rules = rules
        self._labels: dict[int, tuple[Tensor, Axes]] = {}
        """By identity; a tensor that is kept alive keeps its."""

    def knows(self, tensor: Tensor) -> bool:
        """Whether an operation has made it, or it was given labels."""
        return id(tensor) in self._labels

    def of(self, tensor: Tensor) -> Axes:
        """The labels of a tensor's axes; those of a constant are fixed."""
        if not self.knows(tensor):
            if tensor.grad_fn is not None:
                self._fix_all(f"{self.place} takes a tensor whose making was not seen")
            self.put(tensor, tuple(fixed(size, "a constant of the forward pass") for size in tensor.shape))
        return self._labels[id(tensor)][1]

    def put(self, tensor: Tensor, axes: Axes) -> None:
        """Give a tensor labels."""
        self._labels[id(tensor)] = (tensor, axes)

    def pin(self, axis: Axis, reason: str) -> None:
        """Let an axis stay, because of what the operation does with it."""
        pin(axis, f"{self.place} {reason}")

    def report(self, what: str) -> None:
        """Tell of the operation that is being read, without more to hold."""
        self.unread.setdefault(self.place, f"{self.place} {what}")

    def settle(self) -> None:
        """Once all is read, fix what turned out to be in several stretches within blocks that move."""
        for _, axes in self._labels.values():
            for axis in axes:
                settled(axis)

    def read(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
        """What the operation `name` with these arguments makes of labels."""
        outputs, inputs = tensors_in(output), tensors_in((args, kwargs))
        rule = self._rules.get(name)
        if not outputs and (name in FACTS or not inputs):
            return
        try:
            if not outputs and name != "setitem":
                raise NotUnderstoodError("takes numbers out of the network")
            if rule is None:
                raise NotUnderstoodError("has no rule")
            # What is written into a tensor that is given as `out` moves as that does: it is the output.
            made = self._by(rule, outputs, output, args, {key: kwargs[key] for key in kwargs if key != "out"})
        except NotUnderstoodError as error:
            self._give_up(inputs, outputs, str(error))
            return
        for tensor, axes in zip(outputs, made, strict=True):
            if self.knows(tensor):
                for axis, before in zip(axes, self.of(tensor), strict=True):
                    tie(before, axis)
            self.put(tensor, axes)

    def _by(
        self, rule: Rule, outputs: list[Tensor], output: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> list[Axes]:
        """What a rule makes of the labels, for each tensor in the output; NotUnderstoodError where it does not fit.

        Ties that were made until then stay: they take freedom away, and make nothing wrong.
        """
        try:
            made = rule(self, output, *args, **kwargs)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise NotUnderstoodError("is called in a way that no rule knows") from error
        several = [made] if isinstance(output, Tensor) else list(made)
        fits = len(several) == len(outputs)
        for tensor, axes in zip(outputs, several, strict=False):
            fits = fits and tuple(map(length, axes)) == tensor.shape
            fits = fits and (not self.knows(tensor) or tuple(map(length, self.of(tensor))) == tensor.shape)
        if not fits:
            raise NotUnderstoodError("changes shapes in a way that no rule knows")
        return several

    def _give_up(self, inputs: Iterable[Tensor], outputs: Iterable[Tensor], reason: str) -> None:
        inputs = list(inputs)
        known = [tensor for tensor in inputs if self.knows(tensor) or tensor.grad_fn is not None]
        reason = f"{self.place} {reason}"
        held = [pin(axis, reason) for tensor in known for axis in self.of(tensor)]
        if any(held):
            self.unread.setdefault(self.place, reason)
        for tensor in outputs:
            constant = "a constant of the forward pass" if not known else reason
            self.put(tensor, tuple(fixed(size, constant) for size in tensor.shape))

    def _fix_all(self, reason: str) -> None:
        held = [pin(axis, reason) for _, axes in list(self._labels.values()) for axis in axes]
        if any(held):
            self.unread.setdefault(self.place, reason)


def free_axes(tensor: Tensor) -> Axes:
    """Labels of a tensor of which nothing is known yet."""
    return tuple(free(size) for size in tensor.shape)

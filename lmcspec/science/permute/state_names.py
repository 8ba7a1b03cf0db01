"""Names of the state of a network: in the order of use, each parameter once, and which share memory."""

from collections.abc import Mapping

from torch import Tensor


def in_order_of_use(state: Mapping[str, Tensor], uses: Mapping[str, int]) -> tuple[str, ...]:
    """The names by the first use of their modules: batch norm counts its batches after all else, in training only."""
    modules: dict[str, int] = {}
    for name in state:
        module = name.rpartition(".")[0]
        modules[module] = min(uses[name], modules.get(module, uses[name]))
    return tuple(sorted(state, key=lambda name: modules[name.rpartition(".")[0]]))


def parameters_once(state: Mapping[str, Tensor], parameters: set[int]) -> tuple[str, ...]:
    """The names of parameters, the first name of each."""
    names: dict[int, str] = {}
    for name, tensor in state.items():
        if id(tensor) in parameters:
            names.setdefault(id(tensor), name)
    return tuple(names.values())


def sharing_memory(state: Mapping[str, Tensor]) -> set[str]:
    """The names of tensors whose memory is that of another one, too: views of each other, not one tensor twice."""
    tensors: dict[int, set[int]] = {}
    memory = {name: tensor.untyped_storage().data_ptr() for name, tensor in state.items() if tensor.numel()}
    for name, place in memory.items():
        tensors.setdefault(place, set()).add(id(state[name]))
    return {name for name, place in memory.items() if place and len(tensors[place]) > 1}

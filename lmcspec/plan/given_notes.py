"""What a plan says of weights that come from files."""

from collections.abc import Container, Iterable, Iterator

from lmcspec.plan.given_tensors import GivenTensors
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.spec import Case


def shared_notes(
    case: Case, given: GivenTensors, networks: Iterable[NetworkPlan], apart: Container[tuple[str, str]]
) -> Iterator[str]:
    """Weights with which all replicates of a network start; `apart` are the (case, network) whose replicates differ."""
    if case.study.replicates == 1:
        return
    starting = {(network.original or network).weights for network in networks if (case.name, network.name) in apart}
    for name, weights in given.weights.items():
        if len(weights.files) == 1 and name in starting:
            yield (
                f"all replicates start with the weights {name!r}: they differ in the order of the data alone, and "
                "intervals over them are over that"
            )

"""Ways to align two networks, as a task goes through them: step by step, with what it takes to go on from each."""

from collections.abc import Iterator

from lmcspec.catalog.matchers import activations, identity, weights
from lmcspec.science.permute import algebra
from lmcspec.science.permute.activation_matching import ActivationMatching, looking, seen, similarities
from lmcspec.science.permute.assignment import assign
from lmcspec.science.permute.matching_state import as_tensors, from_tensors
from lmcspec.science.permute.pair import Pair, Step
from lmcspec.science.permute.weight_matching import WeightMatching, sweeps


def by_weights(config: weights.WeightMatching, pair: Pair) -> Iterator[Step]:
    """Weight matching, a sweep over all groups a step."""
    groups = pair.traced.groups
    device = solving_on(pair)
    settings = WeightMatching(config.kernel, config.restarts, config.sweeps, device=device)
    begin = state = from_tensors(groups, pair.begin, device) if pair.begin else None
    total = config.restarts * config.sweeps
    for state in sweeps(groups, pair.a, pair.b, settings, begin, pair.number):
        note = f"restart {state.restart + 1} of {config.restarts}, objective {state.objective:.6g}"
        done = state.restart * config.sweeps + state.sweep
        yield Step(done, total, lambda state=state: as_tensors(groups, state), note)
    assert state is not None and state.best is not None, "the last state has all restarts behind it"
    yield Step(total, total, dict, permutation=state.best.permutation)


def by_activations(config: activations.ActivationMatching, pair: Pair) -> Iterator[Step]:
    """Activation matching, a batch of images a step."""
    assert pair.images is not None, "it looks at images"
    settings = ActivationMatching(config.where, config.kernel, config.centred)
    begin = state = seen(pair.begin) if pair.begin else None
    total = len(pair.images)
    for state in looking(pair.traced, pair.a, pair.b, pair.images, settings, begin):
        yield Step(state.images, total, state.tensors, f"{state.images} images")
    assert state is not None, "there are images"
    gains = similarities(state, settings)
    yield Step(total, total, dict, permutation={group: assign(gain) for group, gain in gains.items()})


def as_they_are(config: identity.Identity, pair: Pair) -> Iterator[Step]:
    """No matching at all, in one step."""
    yield Step(1, 1, dict, permutation=algebra.identity(pair.traced.groups))


def solving_on(pair: Pair) -> str:
    """The device on which Grams are computed, in float64: the pair's where that is a GPU of NVIDIA's, else the CPU."""
    return str(pair.device) if pair.device.type == "cuda" else "cpu"

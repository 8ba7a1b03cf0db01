"""Ways to align two networks that descend a loss between them, step by step as `matchers`."""

from collections.abc import Iterator

from lmcspec.catalog.matchers import sinkhorn, ste
from lmcspec.science.permute.matchers import solving_on
from lmcspec.science.permute.midpoint import Midpoint
from lmcspec.science.permute.pair import Pair, Step
from lmcspec.science.permute.sinkhorn import Sinkhorn
from lmcspec.science.permute.sinkhorn_matching import Loss, SinkhornMatching, anywhere, apart, descent, halfway, relaxed
from lmcspec.science.permute.straight_through import StraightThrough, followed, steps
from lmcspec.science.permute.weight_matching import WeightMatching


def by_straight_through(config: ste.StraightThrough, pair: Pair) -> Iterator[Step]:
    """Matching by a straight-through estimator, an update a step."""
    assert pair.images is not None, "it looks at images"
    settings = StraightThrough(
        steps=config.length.updates,
        batch=config.batch,
        lr=config.lr,
        momentum=config.momentum,
        look=config.look.updates,
        matching=WeightMatching(device=solving_on(pair)),
        pair=pair.number,
    )
    a, b = ({name: tensor.to(pair.device) for name, tensor in end.items()} for end in (pair.a, pair.b))
    begin = state = followed(pair.begin) if pair.begin else None
    for state in steps(pair.traced.groups, Midpoint(pair.network, a), b, pair.images, settings, begin):
        note = f"loss of the midpoint {state.loss:.4g}, of the best {state.best_loss:.4g}"
        yield Step(state.step, settings.steps, state.tensors, note)
    assert state is not None, "the state before the first step is one, too"
    yield Step(settings.steps, settings.steps, dict, permutation=state.best)


def by_sinkhorn(config: sinkhorn.SinkhornMatching, pair: Pair) -> Iterator[Step]:
    """Matching by Sinkhorn's iteration, an update a step."""
    how = Sinkhorn(config.temperature, config.tolerance, config.iterations, config.gradient)
    settings = SinkhornMatching(config.length.updates, config.lr, config.start, how)
    b = {name: tensor.to(pair.device) for name, tensor in pair.b.items()}
    begin = state = relaxed(pair.begin) if pair.begin else None
    for state in descent(pair.traced.groups, b, _loss(config, pair), settings, begin):
        yield Step(state.step, settings.steps, state.tensors, f"loss {state.loss:.4g}")
    assert state is not None, "there is a step at least"
    yield Step(settings.steps, settings.steps, dict, permutation=state.permutation())


def _loss(config: sinkhorn.SinkhornMatching, pair: Pair) -> Loss:
    a = {name: tensor.to(pair.device) for name, tensor in pair.a.items()}
    if config.loss == "l2":
        return apart(pair.traced.groups, a)
    assert pair.images is not None, "it looks at images"
    between = halfway if config.loss == "midpoint" else anywhere
    return between(Midpoint(pair.network, a), pair.images, config.batch, pair.number)

"""Stages, baselines and training sets in words, as papers say them."""

from collections.abc import Iterator

from lmcspec.base.steps import Step
from lmcspec.base.word_lists import joined
from lmcspec.catalog import Config, CriterionCard, get
from lmcspec.plan.given_tensors import REPLICATE
from lmcspec.plan.levels import StagePlan
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.spec.study import Like, LoadedSet, LoadedTensors, LoadedWeights, OtherSet, Study

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SHUFFLED = {
    "same": "",
    "shuffled": ", shuffled within each layer",
    "shuffled-global": ", shuffled over the whole network",
    "even": ", drawn anew with equal shares of each layer",
}


def counted(number: int, noun: str) -> str:
    """`three replicates`, `one replicate`, `15 rounds`."""
    word = NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"
    return f"{word} {noun}{'' if number == 1 else 's'}"


def at_step(step: object) -> str:
    """A step as k is written: `0`, `3ep`, `rewind`."""
    return "0" if step == Step() else str(step)


def training_set(study: Study, name: str) -> str:
    """What stands behind a name under which a stage trains: `digits`, `distilled digits at 10 ipc`."""
    if name == "real":
        return study.dataset.name
    of = study.distilled[name]
    if isinstance(of, OtherSet):
        return f"{of.dataset.name} in the place of {study.dataset.name}"
    ipc = getattr(of, "ipc", None)
    return f"distilled {study.dataset.name}" + (f" at {ipc:,} ipc" if ipc else "")


def set_words(study: Study, of: Config) -> str:
    """How a set comes about."""
    if isinstance(of, LoadedSet):
        return f"{of.ipc:,} images per class from {of.load}" if of.ipc else f"images from {of.load}"
    if isinstance(of, OtherSet):
        return f"the training images of {of.dataset.name}"
    method = str(of.model_dump()["method"])
    ipc = getattr(of, "ipc", None)
    images = f"{ipc:,} images per class" if ipc else "images"
    return f"{images} of {study.dataset.name} made by {method} ({get('distiller', method).doc})"


def method(stage: StagePlan) -> str:
    """What its rounds are called: `IMP`, `one-shot snip pruning`."""
    criterion, written = stage.stage.criterion.name, stage.stage
    if stage.rounds == 1 and (stage.known or written.rounds == 1):
        return f"one-shot {criterion} pruning"
    if not written.iterative:
        return f"{criterion} pruning of one trained network to several levels"
    return "IMP" if criterion == "magnitude" and written.scope == "global" else f"iterative {criterion} pruning"


def stage_words(study: Study, network: NetworkPlan, stage: StagePlan) -> str:
    """One stage in a sentence without its end."""
    if stage.stage.shuffle:
        return "the mask that enters is shuffled within each layer"
    what = _rounds(study, network, stage)
    if not stage.rounds:
        return "; ".join([*_origin(network, stage), what])
    return "; ".join([*_origin(network, stage), what, *_details(stage), _return(network, stage)])


def given_words(loaded: LoadedTensors) -> str:
    """Where weights or a mask come from, and how far weights are trained."""
    each = ", one for each replicate" if REPLICATE in loaded.load else ""
    renamed = "".join(f", its {theirs} as {ours or 'nothing'}" for theirs, ours in loaded.rename.items())
    if not isinstance(loaded, LoadedWeights):
        return f"from {loaded.load}{each}{renamed}"
    trained = f"trained to {loaded.step}" if loaded.step != Step() else "not trained"
    return f"from {loaded.load}{each}{renamed}, {trained}"


def mask_words(stage: StagePlan) -> str:
    """A mask that comes from a file."""
    return f"the mask `{stage.stage.mask}` from a file"


def _origin(network: NetworkPlan, stage: StagePlan) -> Iterator[str]:
    """What a network starts with, where that is not drawn."""
    if stage.index == 0 and network.weights is not None:
        trained = f", trained to {network.origin}" if network.origin != Step() else ""
        yield f"starts with the weights `{network.weights}` from a file{trained}"


def _rounds(study: Study, network: NetworkPlan, stage: StagePlan) -> str:
    """What a stage prunes, or has in the place of pruning."""
    recipe, on = network.stage_recipe(stage)
    where = f"on {training_set(study, on)} by `{recipe}`"
    if not stage.rounds:
        return f"trained {where}, never pruned"
    if stage.stage.mask is not None:
        return f"{mask_words(stage)} in the place of pruning, trained {where}"
    if not stage.known:
        rounds = f"{counted(stage.rounds, 'round')}" if stage.stage.rounds else "as many rounds as it takes"
        return f"{method(stage)} {where} to {stage.stage.sparsity:.1%} sparsity in {rounds}"
    pruned = "all surviving weights" if stage.stage.fraction_of == "all" else "what is left"
    return f"{method(stage)} {where}, {counted(stage.rounds, 'round')} of {100 * stage.fraction:.3g}% of {pruned}"


def _details(stage: StagePlan) -> Iterator[str]:
    written = stage.stage
    card = get("criterion", written.criterion.name)
    if written.mask is None and isinstance(card, CriterionCard) and not card.trains:
        yield f"{written.criterion.name} trains nothing between rounds"
    if written.scope == "layer":
        yield "each layer gives the same share"
    if stage.exact is not None:
        yield f"the last round to exactly {stage.exact:.1%}"
    if written.exclude:
        yield f"{joined(written.exclude)} {'is' if len(written.exclude) == 1 else 'are'} never pruned"
    if written.retrain:
        yield f"measured after training by `{written.retrain}`"


def _return(network: NetworkPlan, stage: StagePlan) -> str:
    """To what weights its levels go back."""
    written = stage.stage
    if written.start == "trained":
        since = f"from {written.schedule_from} on" if written.schedule_from else "as a whole"
        return f"every level goes on from the weights that were pruned, with the schedule {since}"
    kept = ", biases and norms left as trained" if written.restore == "prunable" else ""
    if written.rewind == Step():
        where = "the initialisation" if network.weights is None else f"the weights `{network.weights}`"
        return f"every level rewinds to {where}{kept}"
    whose = (
        "the dense training" if written.rewind_of == "dense" or not stage.entry else "the training of its first mask"
    )
    return f"every level rewinds to {written.rewind} of {whose}{kept}"


def like_words(like: Like) -> str:
    """A baseline in a sentence without its end."""
    weights = "on weights drawn anew" if like.weights == "reinitialised" else "on the weights to which that rewinds"
    if like.mask_from == "partner":
        how = f"carried over by `{like.under}`" if like.under not in (None, "none") else "taken as they are"
        return f"the masks of the other partner's {like.like}, {how}, {weights}"
    return f"the masks of {like.like} level by level{_SHUFFLED[like.mask]}, {weights}"

"""What a plan costs: images, updates, arithmetic, bytes and, from what has run before, seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lmcspec.base.facts import ModelFacts
from lmcspec.catalog import CriterionCard, get
from lmcspec.plan.graph import Plan
from lmcspec.tasks import Task

if TYPE_CHECKING:
    from lmcspec.store import Rate

BACKWARD = 2
"""A backward pass costs twice a forward pass, so a training image counts three forward ones."""
PRODUCT = 2 * (1 + BACKWARD)
"""A product with the Hessian goes through the gradient's computation, which is forward and backward, and back."""
MANY = 100_000
"""Stands for the number of surviving weights where it is not known."""


class Rates(Protocol):
    """Where rates come from."""

    def rates(self, kind: str, model: str) -> "Rate | None":
        """Of tasks of this kind with this model; None until one has finished."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one task. `units` are what seconds are proportional to."""

    units: float
    images: int = 0
    """Training images seen."""
    updates: int = 0
    forward: int = 0
    """Images through the network, a training image counted three times."""
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    stored: int | None = None
    """Bytes its outputs keep; None while the model's size is not known."""

    def flops(self, facts: ModelFacts | None) -> float | None:
        """Floating-point operations, two per multiply-add."""
        return None if facts is None else 2.0 * facts.macs * self.forward


def cost(task: Task, plan: Plan, rates: Rates | None, facts: Mapping[str, ModelFacts]) -> Cost:
    """The cost of a task; `facts` are by digest of the model's part."""
    own = _work(task, plan, facts.get(task.params.model.digest))
    rate = rates.rates(task.kind, task.params.model.digest) if rates else None
    if rate is None:
        return own
    return Cost(
        own.units,
        own.images,
        own.updates,
        own.forward,
        rate.median * own.units,
        rate.low * own.units,
        rate.high * own.units,
        own.stored,
    )


def units(task: Task, plan: Plan) -> float:
    """How much work a task is, in the unit in which its kind's seconds are kept."""
    return _work(task, plan, None).units


def distilling(task: Task, plan: Plan) -> tuple[int, int]:
    """(real images seen, images through the network) of a distillation, without its experts."""
    settings, data = task.params.method.value, plan.facts[task.params.data.digest]
    method: Any = get("distiller", settings["method"]).config.model_validate(settings)
    return method.work(data.classes, data.train)


def _work(task: Task, plan: Plan, model: ModelFacts | None) -> Cost:
    params = task.params
    weights = None if model is None else 4 * (model.parameters + model.buffers)
    match task.kind:
        case "train":
            data = plan.facts[params.data.digest]
            trained = _training_images(task, plan, data.train)
            recipe = params.recipe.value
            seen = _images_until(params.until, recipe["batch"], trained) - _images_until(
                params.begin, recipe["batch"], trained
            )
            forward = (1 + BACKWARD) * seen + trained + data.test + data.validation
            finished = params.until >= recipe["length"]
            moments = 0 if finished else (1 if recipe["optimiser"]["name"] == "sgd" else 2)
            stored = None if weights is None else weights * (1 + moments)
            return Cost(float(forward), seen, params.until - params.begin, forward, stored=stored)
        case "path":
            data = plan.facts[params.data.digest]
            sizes = {"train": params.images or data.train, "test": data.test, "validation": data.validation}
            images = sum(sizes[split] for split in params.split)
            policies = len(params.bn) if model is None or model.has_batch_norm else 1
            points = params.points + (params.points % 2 == 0)
            return Cost(float(points * images), forward=points * images * policies, stored=4096)
        case "distill":
            _, forward = distilling(task, plan)
            return Cost(float(max(forward, 1)), forward=forward)
        case "expert":
            data, length = plan.facts[params.data.digest], params.recipe.value["length"]
            seen = _images_until(length, params.recipe.value["batch"], data.train)
            forward = (1 + BACKWARD) * seen + data.test
            epochs = length // -(-data.train // params.recipe.value["batch"])
            stored = None if model is None else 4 * model.parameters * (epochs + 1)
            return Cost(float(forward), seen, length, forward, stored=stored)
        case "prune":
            # Seconds are kept per prune: what scoring takes is little beside a training.
            images, forward = _scored(task, plan)
            prunable = None if model is None else sum(size for _, size in model.sizes)
            return Cost(1.0, images, forward=forward, stored=prunable)
        case "distance" | "overlap":
            return Cost(1.0, stored=512)
        case "landscape":
            data = plan.facts[params.data.digest]
            sizes = {"train": params.images or data.train, "test": data.test, "validation": data.validation}
            images = sum(sizes[split] + params.bn_images for split in params.split) * params.grid**2
            return Cost(float(images), forward=images, stored=16 * params.grid**2 * len(params.split))
        case "hessian":
            # Only its mask knows how many products an exact diagonal takes; so its seconds are kept per diagonal.
            exact = MANY if model is None else model.parameters
            images = PRODUCT * params.batch * params.batches
            stored = None if weights is None else weights * (2 if params.probes else 1)
            forward = (params.probes or exact) * images
            return Cost(float((params.probes or MANY) * images), forward=forward, stored=stored)
        case _:
            prunable = None if model is None else sum(size for _, size in model.sizes)
            return Cost(1.0, stored=prunable)


def _scored(task: Task, plan: Plan) -> tuple[int, int]:
    """(training images seen, images through the network) of a prune, over all steps in which it scores."""
    criterion = task.params.criterion.value
    card = get("criterion", criterion["name"])
    assert isinstance(card, CriterionCard)
    if not card.passes:
        return 0, 0
    steps = criterion.get("iterations", 1)
    if not card.images:
        return 0, card.passes * steps
    data = plan.facts[task.params.data.digest]
    images = min(criterion["per_class"] * data.classes, _training_images(task, plan, data.train))
    return steps * images, card.passes * steps * images


def _training_images(task: Task, plan: Plan, real: int) -> int:
    if task.params.train_on is not None:
        return plan.images[task.params.train_on.digest]
    return plan.images.get(dict(task.inputs).get("data", ""), real)


def _images_until(update: int, batch: int, images: int) -> int:
    epochs, rest = divmod(update, -(-images // batch))
    return epochs * images + min(rest * batch, images)

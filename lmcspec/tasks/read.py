"""What several kinds read before they work: models, data, masks and states. Science is imported inside."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.base.documents import DocumentError
from lmcspec.base.errors import BlockedError
from lmcspec.base.machine import causes, of_machine
from lmcspec.tasks.checkpoint import check_like
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import UnfitInput
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lmcspec.science.data import Dataset, Split
    from lmcspec.science.data.distilled.distilled_set import Distilled
    from lmcspec.science.permute.groups import Groups

STATE, OPTIMISER, MASK, DISTILLED, TRAJECTORY, PERMUTATION = (
    "state.safetensors",
    "optimiser.safetensors",
    "mask.safetensors",
    "distilled.safetensors",
    "trajectory.safetensors",
    "permutation.safetensors",
)


def module(part: Part, device: str = "cpu", seed: int = 0) -> "nn.Module":
    """The model of a part; on the device `meta` it has shapes and no memory. Its own code draws from `seed`."""
    import torch

    from lmcspec.catalog import get
    from lmcspec.science.models import construct

    card = get("model", part.value["config"]["name"])
    config = card.config.model_validate(part.value["config"])
    with torch.device(device):
        return construct(card.load(), config, tuple(part.value["shape"]), part.value["classes"], seed)


def initial(part: Part, network: "nn.Module", address: tuple[str | int, ...]) -> "dict[str, Tensor]":
    """Parameters and buffers as the model's settings draw them at an address."""
    from lmcspec.science.initial import initial_state, scheme_of

    def anew(seed: int) -> "nn.Module":
        return module(part, seed=seed)

    return initial_state(network, scheme_of(part.value["config"]), address, anew)


def shapes(tensors: "Mapping[str, Tensor]") -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each tensor, a type by its name in numpy."""
    return {name: (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape)) for name, tensor in tensors.items()}


def note_facts(ctx: Context, part: Part, network: "nn.Module") -> None:
    """Leave the model's facts for later plans, once per worker."""
    from dataclasses import asdict

    from lmcspec.science.summary import model_facts

    key = ("facts", part.digest)
    if key not in ctx.memory:
        ctx.memory[key] = True
        ctx.remember(part.digest, asdict(model_facts(network, tuple(part.value["shape"]))))


def dataset(ctx: Context, part: Part, beside: Part | None = None) -> "Dataset":
    """Data in their space, on the task's device or read from the host for it; loaded once by a worker.

    Of several sets the last one is kept, with the one `beside` which it is used.
    """
    from lmcspec.catalog import Named, get
    from lmcspec.science.data import Selection, load

    where = ctx.neutral[part.digest]
    resident = where.get("resident", "auto")
    key = ("dataset", part.digest, ctx.device, resident)
    if key not in ctx.memory:
        for old in [other for other in ctx.memory if isinstance(other, tuple) and other[0] == "dataset"]:
            if beside is None or old[1] != beside.digest:
                del ctx.memory[old]
        config = get("dataset", where["config"]["name"]).config.model_validate(where["config"])
        assert isinstance(config, Named)
        root = Path(where["root"]) if where["root"] else None
        held = part.value.get("split", {"validation": 0, "seed": 0})
        ctx.memory[key] = load(
            config,
            root,
            space(part.value["space"]),
            ctx.device,
            select=Selection(**held, resize=part.value.get("resize"), crop=part.value.get("crop")),
            resident=resident,
            digest=part.value["digest"],
        )
    return ctx.memory[key]


def balanced(split: "Split", data: Part, count: int, use: str, *more: int) -> "Tensor":
    """Indices int64 (count,) of a class-balanced subset, the same in all tasks that look at images for one `use`."""
    import torch

    from lmcspec.science.subset import balanced

    return torch.from_numpy(balanced(split.labels.cpu().numpy(), count, data.value["digest"], use, count, *more))


def space(value: Mapping[str, Any]) -> Any:
    """The space that a document describes."""
    from lmcspec.science.data import Space

    fields: dict[str, Any] = {key: tuple(entry) if isinstance(entry, list) else entry for key, entry in value.items()}
    return Space(**fields)


def distilled(ctx: Context, data: "Dataset", train_on: Part | None) -> "Distilled | None":
    """The distilled set to train on: that of a file, or in the input `data`; None for the study's own images."""
    from lmcspec.science.data import DataError, Space
    from lmcspec.science.data.distilled.distilled_set import load_distilled, read_own

    if train_on is not None:
        where, factor = ctx.neutral[train_on.digest], train_on.value.get("factor")
        published = load_distilled(
            Path(where["file"]),
            data.space if factor is None else Space("raw"),
            data.classes,
            data.shape,
            factor=factor or 1,
            which=where.get("which", 0),
            digest=train_on.value["digest"],
        )
        return replace(published, labels=_renumbered(published.labels, train_on))
    if not ctx.has("data"):
        return None
    path = ctx.input("data") / DISTILLED
    try:
        return read_own(path, data.classes, data.shape)
    except (DataError, FileNotFoundError) as error:
        raise blamed("data", path, error, error) from error


def training_images(ctx: Context, data: Part, train_on: Part | None) -> "tuple[Dataset, Split, float | None]":
    """The study's data; what to train on; and the rate that was distilled along with that, if any.

    That is another data set's training images, a distilled set, or the study's own training images.
    """
    from lmcspec.science.data.distilled.distilled_set import enter_distilled

    if train_on is not None and "config" in ctx.neutral[train_on.digest]:
        study, other = dataset(ctx, data, train_on), dataset(ctx, train_on, data).train
        return study, replace(other, labels=_renumbered(other.labels, train_on)), None
    study = dataset(ctx, data)
    made = distilled(ctx, study, train_on)
    return (study, study.train, None) if made is None else (study, enter_distilled(made, study), made.rate)


def _renumbered(labels: "Tensor", part: Part) -> "Tensor":
    """Labels int64 (n,) of a source as the study counts its classes: a part says by label which of them it is."""
    import torch

    return torch.tensor(part.value["labels"], device=labels.device)[labels] if "labels" in part.value else labels


def tensors(path: Path) -> "dict[str, Tensor]":
    """The tensors of a file, on the CPU."""
    from safetensors.torch import load_file

    return load_file(path)


def of_input(ctx: Context, name: str, file: str) -> "dict[str, Tensor]":
    """The tensors in a file of an input. UnfitInput where it isn't one, though its digest holds."""
    path = ctx.input(name) / file
    try:
        return tensors(path)
    except Exception as error:  # safetensors' own error class has no stable name
        raise blamed(name, path, f"its {file} can't be read: {error}", error) from error


def blamed(name: str, path: Path, why: object, error: Exception) -> UnfitInput:
    """What to raise where a file of an input can't be read, and the file is to blame.

    Raises the machine's error where that is why: a result is whole however many files are open elsewhere.
    """
    if (of_its_own := of_machine(error)) is not None:
        raise of_its_own
    # safetensors says of each file that it can't open, for whatever reason, that there is none.
    if path.is_file() and any(type(each) is FileNotFoundError and each.errno is None for each in causes(error)):
        raise BlockedError(
            f"{path} is there, and can't be opened just now",
            help="close what holds many files open (`ulimit -n` says how many there may be), and run it again",
        )
    return UnfitInput(name, why)


def state(ctx: Context, name: str, network: "nn.Module") -> "dict[str, Tensor]":
    """The parameters and buffers of a network that is an input. UnfitInput where they are of another model."""
    held = of_input(ctx, name, STATE)
    try:
        check_like(held, network.state_dict())
    except ValueError as error:
        raise UnfitInput(name, error) from error
    return held


def write(path: Path, values: "Mapping[str, Tensor]") -> None:
    """Write tensors to a file; equal tensors make equal bytes."""
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in sorted(values.items())}, path)


def mask(ctx: Context, network: "nn.Module", name: str = "mask") -> "dict[str, Tensor] | None":
    """The mask in an input in the model's order, or None where it is dense. UnfitInput where it is of another model."""
    from lmcspec.science import masks

    if not ctx.has(name):
        return None
    held = of_input(ctx, name, MASK)
    try:
        ordered = masks.ordered(held, masks.prunable(network))
        parameters = dict(network.named_parameters())
        check_like(ordered, {name: parameters[name].bool() for name in ordered})
    except ValueError as error:
        raise UnfitInput(name, error) from error
    return ordered


@lru_cache(maxsize=8)
def groups(part: Part) -> "Groups":
    """The groups of units of a model that can be permuted together, by tracing it; once in a process."""
    from lmcspec.science.permute.tracing import trace

    return trace(module(part), tuple(part.value["shape"])).groups


@lru_cache(maxsize=8)
def checked_groups(part: Part) -> "Groups":
    """The same, checked by numbers: seconds for a large model, which a study with many permutations takes once.

    Raises GroupsError where permuting a group changes what a network of random weights computes.
    """
    from lmcspec.science.permute.tracing import groups_of

    return groups_of(module(part), tuple(part.value["shape"]))


def permutation(ctx: Context, name: str, of: "Groups") -> "dict[str, Tensor]":
    """The permutation in an input, with a vector for each group."""
    from lmcspec.science.permute import permutation_file

    path = ctx.input(name) / PERMUTATION
    try:
        return permutation_file.load(path, of)
    except (DocumentError, FileNotFoundError) as error:
        raise blamed(name, path, error, error) from error

"""Activation matching: B's units are assigned to those of A that do the same on the same images.

Sharma et al. (2024), section 3; Li et al. (2015), Convergent learning; Ainsworth et al. (2023), section 3.1. Permuting
some groups leaves the activations of the others as they are: each has a single assignment, and the order is no matter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lmcspec.science.data.resident import Split
from lmcspec.science.permute.assignment import assign
from lmcspec.science.permute.moments import Moments, with_batch
from lmcspec.science.permute.pair import NotFiniteError
from lmcspec.science.permute.tracing import Site, Traced

_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
_NORMS = ("batch_norm", "instance_norm", "layer_norm", "group_norm", "rms_norm")
_LAYERS = frozenset((*_CONVOLUTIONS, *_NORMS, "linear", "bilinear", "embedding"))
"""Operations with parameters, as torch calls them."""
_SUMS = frozenset(("add", "iadd", "radd"))

Where = Literal["post", "pre", "stream", "all"]


@dataclass(frozen=True, slots=True)
class ActivationMatching:
    """Which activations are compared, and how.

    Of the tensors that carry a group, from the input on, `where` takes

    `post`     that behind the last non-linearity, or the last one if there is none: the paper's text
    `pre`      what the last layer or norm gives, before non-linearity and sum: the paper's released code
    `stream`   that behind the last sum of branches, before the non-linearity; as `post` where nothing is summed
    `all`      what every layer, norm, sum and non-linearity gives: the units' values in all of them are samples alike

    Similarities of unit i of A and j of B over samples (images and pixels): `inner-product` E[a_i b_j], `correlation`
    the same divided by the root of E[a_i^2] E[b_j^2], and 0 where that is 0, as of a unit that is dead. `centred`,
    means are taken off first: covariance, and Pearson's correlation.
    """

    where: Where = "post"
    kernel: Literal["inner-product", "correlation"] = "inner-product"
    centred: bool = False
    batch: int = 100
    """Images at a time. What it changes is memory, and the last bits of sums."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the first `images` images have shown of the units of each group."""

    images: int
    moments: Mapping[str, Moments]

    def tensors(self) -> dict[str, Tensor]:
        """As tensors, for a file; `seen` makes the same of them to the bit."""
        tensors = {"images": torch.tensor(self.images)}
        for group, of_group in self.moments.items():
            tensors[f"count/{group}"] = torch.tensor(of_group.count)
            tensors |= {f"{what}/{group}": getattr(of_group, what) for what in _KEPT}
        return tensors


_KEPT = ("mean_a", "mean_b", "squares_a", "squares_b", "products")


def seen(tensors: Mapping[str, Tensor]) -> Seen:
    """What `Seen.tensors` gave."""
    groups = [name.removeprefix("count/") for name in tensors if name.startswith("count/")]
    moments = {
        group: Moments(int(tensors[f"count/{group}"]), *(tensors[f"{what}/{group}"] for what in _KEPT))
        for group in groups
    }
    return Seen(int(tensors["images"]), moments)


def match_activations(
    traced: Traced,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    images: Split,
    settings: ActivationMatching = ActivationMatching(),
    start: Seen | None = None,
    after_batch: Callable[[Seen], object] | None = None,
) -> dict[str, Tensor]:
    """The permutation of `b` under which its activations are most similar to those of `a` on the same images.

    `after_batch` sees each state; see `looking` for stopping and going on. A group that no activation carries by itself
    is left out. NotFiniteError where activations are not finite.
    """
    state = start
    for state in looking(traced, a, b, images, settings, start):
        if after_batch is not None:
            after_batch(state)
    if state is None:
        raise ValueError("there are no images to compare activations on")
    return {group: assign(gain) for group, gain in similarities(state, settings).items()}


def looking(
    traced: Traced,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    images: Split,
    settings: ActivationMatching = ActivationMatching(),
    start: Seen | None = None,
) -> Iterator[Seen]:
    """What was seen after each batch; both networks look at each batch before the next is made, in evaluation mode.

    Images are those of the split in its order, without augmentation. Memory is that of a batch's activations at the
    chosen places, and n^2 numbers for a group of n units. Stop by asking for no more; a state given as `start` to
    another call with the same networks, images and settings is gone on from, to the same bits.
    """
    places = [(group, site) for group, sites in traced.sites.items() for site in chosen(sites, settings.where)]
    a, b = ({name: tensor.to(images.device) for name, tensor in state.items()} for state in (a, b))
    sites = [site for _, site in places]
    before = start if start is not None else Seen(0, {})
    done, moments = before.images, {group: of_group.to(images.device) for group, of_group in before.moments.items()}
    rows = torch.arange(done, len(images), device=images.index_device).split(settings.batch)
    for x, _ in images.batches((part, None) for part in rows if len(part)):
        with torch.no_grad():
            pairs = list(zip(traced.run(a, x, sites), traced.run(b, x, sites), strict=True))
        for (group, site), (of_a, of_b) in zip(places, pairs, strict=True):
            moments[group] = with_batch(moments.get(group), of_a, of_b, site.axis)
        done += len(x)
        yield Seen(done, dict(moments))


def similarities(state: Seen, settings: ActivationMatching = ActivationMatching()) -> dict[str, Tensor]:
    """Of each group the similarity of unit i of A and unit j of B, float64 (n, n), by the settings' kernel."""
    return {group: _similarity(moments, settings, group) for group, moments in state.moments.items()}


def _similarity(moments: Moments, settings: ActivationMatching, group: str) -> Tensor:
    products, squares_a, squares_b = (
        x / moments.count for x in (moments.products, moments.squares_a, moments.squares_b)
    )
    if not settings.centred:
        products = products + torch.outer(moments.mean_a, moments.mean_b)
        squares_a, squares_b = squares_a + moments.mean_a.square(), squares_b + moments.mean_b.square()
    for network, squares in (("A", squares_a), ("B", squares_b)):
        if not torch.isfinite(squares).all():
            raise NotFiniteError(f"{network}'s activations of group {group!r} are not finite: it can't be matched")
    if settings.kernel == "inner-product":
        return products
    lengths = torch.outer(squares_a.sqrt(), squares_b.sqrt())
    return torch.where(lengths > 0, products / lengths, 0.0)


def chosen(sites: Sequence[Site], where: Where) -> tuple[Site, ...]:
    """Of the sites of a group, in the order of execution, those at which activations are compared."""
    computed = {
        "post": [site for site in sites if site.nonlinear],
        "pre": [site for site in sites if site.operation in _LAYERS],
        "stream": [site for site in sites if site.operation in _SUMS],
    }
    if where == "all":
        # What only moves axes or takes maxima of pixels would count the same values again.
        numbers = {site.number for several in computed.values() for site in several}
        return tuple(site for site in sites if site.number in numbers) or tuple(sites[-1:])
    if where not in computed:
        raise ValueError(f"there are no activations {where!r}; there are {', '.join(computed)} and all")
    return tuple((computed[where] or computed["post"] or list(sites))[-1:])

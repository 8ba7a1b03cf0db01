"""Random pruning to the layerwise densities of sparse training."""

from typing import Literal

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class ErdosRenyi(Named):
    """Drawn weights go, and a layer keeps a share in proportion to (n_in + n_out) / (n_in n_out), 1 at most."""

    name: Literal["erdos-renyi"] = "erdos-renyi"


class ErdosRenyiKernel(Named):
    """As `erdos-renyi`, for convolutions by (n_in + n_out + width + height) / (n_in n_out width height)."""

    name: Literal["erdos-renyi-kernel"] = "erdos-renyi-kernel"


CARDS = (
    CriterionCard(
        doc="prune drawn weights to Erdős–Rényi densities: of larger layers smaller shares remain",
        config=ErdosRenyi,
        implementation="lmcspec.science.criteria.erdos_renyi:scores",
        source="Mocanu et al. 2018",
        trains=False,
        shares_out=True,
    ),
    CriterionCard(
        doc="prune drawn weights to Erdős–Rényi densities that know of the sizes of kernels (ERK)",
        config=ErdosRenyiKernel,
        implementation="lmcspec.science.criteria.erdos_renyi:kernel_scores",
        source="Evci et al. 2020",
        trains=False,
        shares_out=True,
    ),
)

"""Workers on a Ray cluster."""

from pydantic import Field

from lmcspec.catalog.card import RunnerCard
from lmcspec.catalog.config import Config


class Ray(Config):
    """Which cluster, how many of its slots, and what has to be alike on its nodes."""

    workers: int | None = Field(default=None, ge=1)
    """Slots; by default one per GPU of the cluster and CPUs beside them, or one per CPU where it has none."""
    devices: str = ""
    """How many slots on GPUs and CPUs, as `--devices` says it without names: `2 x gpu, 8 x cpu`."""
    address: str = ""
    """Of the cluster, such as `auto` or `host:6379`; by default what RAY_ADDRESS says, or a cluster of its own."""
    node_store: str = "~/.cache/lmcspec/nodes/{store}"
    """With `objects`: the folder of the store on each node; `{node}` is Ray's id of it, `{host}` its name, `{store}`
    the id of the driver's store."""
    objects: str = ""
    """The URL by which objects come and go; without one, all nodes see the driver's store by its path."""
    allow_skew: bool = False
    """Whether nodes may differ in versions, in the source of lmcspec and in the type of their processors."""


CARD = RunnerCard(
    name="ray",
    doc="worker processes on the nodes of a Ray cluster, one per slot",
    config=Ray,
    implementation="lmcspec_runners.ray:RayRunner",
)

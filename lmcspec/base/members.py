"""Members of families by their names: `imp[rewind=0]` is a member of `imp`."""

from collections.abc import Mapping

HOW_FAR = ("sparsity", "fraction")
"""The keys of a stage that say how far a round prunes."""


def family(network: str) -> str:
    """`imp` of `imp[rewind=0]`; of a network that stands alone its own name."""
    return network.partition("[")[0]


def member(network: str) -> Mapping[str, str]:
    """What varies in its family, as it stands in its name: `{"rewind": "500it"}`; nothing where it stands alone."""
    inside = network.partition("[")[2].removesuffix("]")
    return dict(pair.split("=", 1) for pair in inside.split(",") if "=" in pair)


def without_how_far(values: Mapping[str, str]) -> str:
    """What varies but for how far is pruned, as it stands in a name: `criterion=snip`."""
    return ",".join(f"{key}={value}" for key, value in values.items() if key.rpartition(".")[2] not in HOW_FAR)


def curve(network: str) -> str:
    """`early[criterion=snip]` of `early[sparsity=0.5,criterion=snip]`: what members share that are pruned once each."""
    rest = without_how_far(member(network))
    return f"{family(network)}[{rest}]" if rest else family(network)

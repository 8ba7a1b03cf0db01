"""Members of families by their names: `imp[rewind=0]` is a member of `imp`."""

from collections.abc import Mapping


def family(network: str) -> str:
    """`imp` of `imp[rewind=0]`; of a network that stands alone its own name."""
    return network.partition("[")[0]


def member(network: str) -> Mapping[str, str]:
    """What varies in its family, as it stands in its name: `{"rewind": "500it"}`; nothing where it stands alone."""
    inside = network.partition("[")[2].removesuffix("]")
    return dict(pair.split("=", 1) for pair in inside.split(",") if "=" in pair)

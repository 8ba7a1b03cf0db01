"""Keys that many cards have in common, with what they mean; their defaults stand with the cards."""

from typing import Annotated

from pydantic import Field

Seed = Annotated[int, Field(ge=0, examples=[0, 1])]
"""Which draws: another number draws others. It is the same for all replicates, unless the set says
`seed = "replicate"`."""

Rate = Annotated[float, Field(gt=0, examples=[0.1, 0.01])]
"""The learning rate, by which an update is multiplied; a schedule multiplies it in turn."""

Momentum = Annotated[float, Field(ge=0, lt=1, examples=[0.9])]
"""The share of the velocity of SGD that an update keeps; 0 is without momentum. [share]"""

WeightDecay = Annotated[float, Field(ge=0, examples=[1e-4, 5e-4])]
"""L2 decay: how much of a weight is added to its gradient at each update; 0 is without."""

"""Whether tasks that differ in seeds, starts and masks only may run as one program, where that is quicker."""

from typing import Literal

Batching = Literal["off", "auto"]

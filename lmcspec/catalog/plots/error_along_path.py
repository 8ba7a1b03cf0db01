"""Error along the straight path between copies."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfPaths, Spread
from lmcspec.catalog.metric import Along


class ErrorAlongPath(Spread, OfPaths):
    """Error or loss along the straight path between copies, on training and on test images."""

    plot: Literal["error-along-path"] = "error-along-path"
    metric: Along | None = None
    """`error` unless told, under the policy for batch norm that the measure goes by."""
    panels: Literal["at", "case", "network"] | None = None
    """What has a panel each: steps k, cases of the sweep, or networks."""
    series: Literal["network", "at", "split"] | None = None
    """`at`: a line for each k; `split`: lines for training and test images."""


CARD = PlotCard(
    doc="error or loss along the straight path between copies",
    config=ErrorAlongPath,
    implementation="lmcspec.report.figures.along_path:error",
    measures=("stability",),
    unasked="measured",
    place=4,
)

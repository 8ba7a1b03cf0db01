"""Figures of a study, drawn by matplotlib without pyplot: what is drawn depends on results only."""

from lmcspec.report.figures.choose import across, drawings
from lmcspec.report.figures.style import Drawing, files

__all__ = ["Drawing", "across", "drawings", "files"]

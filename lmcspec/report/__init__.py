"""From results in the store to numbers that people read: tidy rows, spreads, verdicts, tables."""

from lmcspec.report.summary import Cell, summarise
from lmcspec.report.tidy import Row, tidy
from lmcspec.report.verdicts import Verdict, matching_level, stable

__all__ = ["Cell", "Row", "Verdict", "matching_level", "stable", "summarise", "tidy"]

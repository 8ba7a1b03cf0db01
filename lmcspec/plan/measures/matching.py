"""Matching: read off the accuracies; nothing of its own to run."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request


def targets(request: Request) -> list[Target]:
    """None: the verdict is taken from the accuracy measure's targets."""
    return []

"""What each measure asks of the plan: `targets(request) -> targets`, one file a measure."""

from lmcspec.plan.measures.request import Request

__all__ = ["Request"]

"""How telling a tracking server goes wrong: try again later, or never."""

from lmcspec.base.errors import LmcspecError


class UnreachableError(LmcspecError):
    """The server does not answer, or not now."""

    exit_code = 6


class BusyError(UnreachableError):
    """The server answers that it can't just now: soon it may."""


class ChangedError(UnreachableError):
    """What it has is not what it was told: it was put back, emptied or moved meanwhile."""


class RefusedError(LmcspecError):
    """The server will not take this, however often it is told."""

    exit_code = 6

"""lmcspec: studies of sparse networks as declarative specs."""

__version__ = "0.1.0"

"""The command line. Each command is one file; nothing heavy is imported before it is needed."""

from lmcspec.cli.app import main

__all__ = ["main"]

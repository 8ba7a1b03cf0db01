"""The version of lmcspec, for all of it to import: the package itself leads to the whole house."""

__version__ = "0.1.0"

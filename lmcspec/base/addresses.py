"""Addresses in the random streams of `lmcspec/base/streams.py`, for those who draw nothing themselves."""

Address = int | str
Where = tuple[str, *tuple[Address, ...]]
"""A random stream and an address in it."""

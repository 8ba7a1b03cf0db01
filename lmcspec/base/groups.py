"""How many networks of one model look at a batch of images before the next one is made: decision 024."""

GROUP = 2**28
"""Bytes of parameters and buffers that the networks of a group may have."""
MOST = 64
"""Networks of a group at most: of what it takes to make a batch a sixty-fourth is nothing."""

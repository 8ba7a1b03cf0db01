"""Permutations of a network's units that keep its function."""

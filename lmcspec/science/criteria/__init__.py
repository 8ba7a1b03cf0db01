"""Pruning criteria, one a file: `scores(state, mask, address) -> {name: scores}`; the smallest are pruned."""

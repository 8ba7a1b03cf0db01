"""Pruning criteria, one a file: `scores(...) -> {name: scores}`; the smallest are pruned.

A criterion that looks at weights only is `scores(state, mask, address)`. One that runs the network is
`scores(module, mask, config, shape, images)`; see `lmcspec.catalog.card.CriterionCard`.
"""

"""A vision transformer as a package of one's own would have it: `cards` describes it, `model` builds it."""

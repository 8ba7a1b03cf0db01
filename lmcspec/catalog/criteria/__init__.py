"""Cards of pruning criteria, one module each; every module here is found by its place."""

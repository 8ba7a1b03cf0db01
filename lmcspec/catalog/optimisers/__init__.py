"""Cards of optimisers, one module each; every module here is found by its place."""

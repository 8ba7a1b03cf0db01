"""Cards of plots, one module each; every module here is found by its place."""

"""Cards of models, one module each; every module here is found by its place."""

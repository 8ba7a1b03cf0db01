"""Cards of data sets, one module each; every module here is found by its place."""

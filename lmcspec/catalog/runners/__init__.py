"""Cards of runners, one module each; every module here is found by its place."""

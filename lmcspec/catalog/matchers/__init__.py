"""Cards of ways to align networks, one module each; every module here is found by its place."""

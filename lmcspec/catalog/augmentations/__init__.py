"""Cards of augmentations, one module each; every module here is found by its place."""

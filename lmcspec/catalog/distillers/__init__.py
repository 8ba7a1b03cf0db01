"""Cards of distillation methods, one module each; every module here is found by its place."""

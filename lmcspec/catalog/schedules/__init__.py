"""Cards of schedules of the rate, one module each; every module here is found by its place."""

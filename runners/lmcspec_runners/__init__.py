"""Runners: small adapters that place the engine's tasks in this process, on this machine, or elsewhere."""

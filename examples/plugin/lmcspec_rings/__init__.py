"""What `cards` describes, `data`, `model` and `criterion` do."""

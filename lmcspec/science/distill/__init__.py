"""Making distilled sets."""

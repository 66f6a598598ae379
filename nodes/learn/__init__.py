"""LEARN: what the turn came to."""

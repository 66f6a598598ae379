"""Lookups: what an agent may read about the customer who asks, each value with its source."""

"""REASON: which requests a text makes, what each comes to, and the reply that tells it."""

"""Runs that try to break the desk, and the checker that judges them from the outside."""

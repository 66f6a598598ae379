"""Frozen types of the desk: no I/O, no langgraph, nothing but values."""

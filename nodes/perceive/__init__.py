"""PERCEIVE: what arrived, what it says without its secrets, and who is asking."""

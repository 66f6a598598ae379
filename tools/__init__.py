"""Tools: what the desk can look up, propose and do."""

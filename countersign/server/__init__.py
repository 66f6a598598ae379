"""The entries for `langgraph dev`: the support graph over HTTP on the same files as the command line."""

"""Nodes: one verb per file, plain functions of one kind each, given everything they use through `deps`."""

"""Topology and nothing else: each graph reads like its picture; `catalog` lists every node."""

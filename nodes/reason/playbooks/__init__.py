"""Playbooks: one module per category, found by walking this package; nothing is registered anywhere else.

A module (or package) named like its category holds `HANDLERS`, from request id to the function that plans it.
"""

"""Agents: the only places where a model decides what comes next. They hold lookups and proposals, nothing that acts."""

"""Countersign: code decides the path, agents only propose, policy rules, people countersign."""

__version__ = "0.1.0"

"""Injections: instructions planted in mail, names, notes, help pages and earlier replies, on the desk and on an agent
without gates.
"""

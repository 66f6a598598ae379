"""Approvals under attack: named cases, each of which runs against the desk and against a plain graph."""

from enum import StrEnum


class Against(StrEnum):
    """What the cases run against."""

    countersign = "countersign"
    stock = "stock"

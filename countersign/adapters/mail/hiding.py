"""Which CSS declarations keep an element's text from a reader."""

import re
from collections.abc import Mapping

from countersign.adapters.mail.markup import Colour

Style = Mapping[str, str]
"""Property to value, lower case, as declared."""

_NUMBER = re.compile(r"(-?\d{0,7}(?:\.\d{0,7})?)\s*(px|pt|em|rem|ex|%|vw|vh|cm|mm|in|q|pc|ch)?", re.ASCII)
_TO_PX = {
    "pt": 1.33, "em": 16.0, "rem": 16.0, "ex": 8.0, "%": 0.16, "vw": 10.0, "vh": 8.0,
    "cm": 37.8, "mm": 3.8, "in": 96.0, "q": 0.94, "pc": 16.0, "ch": 8.0,
}  # fmt: skip
"""What a unit measures in an ordinary window with letters of 16 pixels."""
_FAR = -300.0
"""An element moved further than this to the left or up is off the page."""
_TINY = 2.0
"""Letters of at most this many pixels can't be read."""
_NEAR = 0.12
"""Colours whose channels differ by at most this (of 1) can't be told apart."""


def hides(style: Style) -> bool:
    """Whether the element and everything in it is hidden, whatever its children declare."""
    return (
        style.get("display", "").startswith("none")
        or _pixels(style.get("opacity", "1")) <= 0.05
        or style.get("content-visibility") == "hidden"
        or style.get("mso-hide") == "all"
        or "opacity(0" in style.get("filter", "")
        or style.get("zoom") == "0"
        or _collapsed(style)
        or _clipped(style)
        or _off_screen(style)
    )


def font_size(style: Style, inherited: float) -> float:
    """The size of letters in pixels: declared, or inherited."""
    value = style.get("font-size") or _font_shorthand(style.get("font", ""))
    match = _NUMBER.fullmatch(value) if value else None
    if match is None or not match[1].strip("-."):
        return inherited
    relative = match[2] in {"em", "%", "ex", "ch"}
    size = float(match[1]) * (_TO_PX[match[2]] / 16 * inherited if relative else _TO_PX.get(match[2] or "px", 1.0))
    return max(0.0, size)


def readable_size(size: float) -> bool:
    """Whether letters of a size in pixels can be read."""
    return size > _TINY


def alike(text: Colour, ground: Colour) -> bool:
    """Whether text of one colour can't be seen on a ground of the other."""
    channels = zip(text[:3], ground[:3], strict=True)
    return text.alpha <= 0.05 or all(abs(one - other) <= _NEAR for one, other in channels)


def _pixels(value: str) -> float:
    match = _NUMBER.fullmatch(value.strip())
    if match is None or not match[1].strip("-."):
        return 1.0
    return float(match[1]) * _TO_PX.get(match[2] or "", 1.0)


def _zero(value: str) -> bool:
    return bool(value) and _pixels(value) == 0 and not value.startswith("auto")


def _collapsed(style: Style) -> bool:
    cut = any(word in style.get("overflow", "") for word in ("hidden", "clip"))
    low = _zero(style.get("max-height", "")) or _zero(style.get("height", ""))
    narrow = _zero(style.get("max-width", "")) or _zero(style.get("width", ""))
    return (low and "min-height" not in style) or (narrow and cut and "min-width" not in style)


def _clipped(style: Style) -> bool:
    clip = re.sub(r"[\s,]+", " ", style.get("clip", ""))
    path = style.get("clip-path", "").replace(" ", "")
    transform = style.get("transform", "").replace(" ", "")
    edges = [_pixels(edge) for edge in clip[5:].rstrip(") ").split()] if clip.startswith("rect(") else []
    return (
        (len(edges) == 4 and "auto" not in clip and max(edges) - min(edges) <= 1)
        or path.startswith(("inset(50%", "inset(100%", "circle(0", "polygon(00,00,00"))
        or bool(re.match(r"(?:.*\))?scale[xy]?\(0(?:\.0*)?[,)]", transform))
    )


def _off_screen(style: Style) -> bool:
    moved = style.get("position") in {"absolute", "fixed", "relative"}
    edges = ["text-indent", "margin-left", "margin-top", *(["left", "top"] if moved else [])]
    shifts = [style.get(edge, "") for edge in edges]
    shifts += re.findall(r"-\d{1,7}(?:px|em|rem|%|vw)", style.get("transform", ""))
    shifts += style.get("margin", "").split()[:4]
    opposite = moved and any(_pixels(style.get(edge, "")) >= 1500 for edge in ("left", "top", "right", "bottom"))
    return opposite or any(_pixels(shift) <= _FAR for shift in shifts if shift)


def _font_shorthand(value: str) -> str:
    sizes = [word.partition("/")[0] for word in value.split() if word[:1].isdigit() and not re.fullmatch(r"\d00", word)]
    return sizes[0] if sizes else ""

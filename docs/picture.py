"""The support graph's picture, as the pages and their tests use it; it is drawn in `countersign.display`."""

from countersign.display.layout import LANES, PLACES, WAYS, Edge, Way, corner, edges, label_place, line
from countersign.display.picture import support_svg

__all__ = ["LANES", "PLACES", "WAYS", "Edge", "Way", "corner", "edges", "label_place", "line", "support_svg"]

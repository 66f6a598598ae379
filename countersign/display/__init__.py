"""How tickets, plans, timelines and the graph show themselves: in a terminal (rich) and in a notebook (HTML, SVG)."""

"""Words and colours for what people see."""

from countersign.domain.ticket import TicketStatus

STATUS_STYLE: dict[TicketStatus, str] = {
    "received": "white",
    "waiting": "yellow",
    "answered": "green",
    "handed_over": "blue",
    "closed": "bright_black",
}
STATUS_WORD: dict[TicketStatus, str] = {
    "received": "received",
    "waiting": "waiting",
    "answered": "answered",
    "handed_over": "handed over",
    "closed": "closed",
}

"""Draws what stands behind one effect: every link of the chain with its audit row."""

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.values import each, pairs, text, texts
from countersign.display.words import line


def chain(found: JsonValue) -> RenderableType:
    """What `countersign.ledger.export.evidence` tells, drawn."""
    return Group(_head(found), _links(found), Text(), _rows(found))


def _head(found: JsonValue) -> Text:
    effect = text(found, "effect", "id")
    what = f"{text(found, 'effect', 'kind')} on {text(found, 'effect', 'target')}"
    return Text.assemble((line(effect), "bold"), f"  {line(what)}  ", (text(found, "effect", "status"), "green"), "\n")


def _links(found: JsonValue) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, said in _said(found):
        table.add_row(name, line(said, 1000))
    return table


def _said(found: JsonValue) -> list[tuple[str, str]]:
    by, grant = text(found, "grant", "approver"), text(found, "grant", "id")
    approved = f"{by} on {text(found, 'signature', 'at')}, review {text(found, 'signature', 'review')}"
    return [
        ("messages", ", ".join(text(message, "key") for message in each(found, "messages"))),
        ("proposal", f"{text(found, 'proposal', 'id')}: {text(found, 'proposal', 'summary')}"),
        ("arguments", pairs(found, "proposal", "args") if text(found, "effect", "kind") != "send_reply" else "a reply"),
        ("facts", text(found, "decision", "version")),
        ("decision", f"{text(found, 'decision', 'answer')}: {', '.join(texts(found, 'decision', 'rules'))}"),
        ("policy", text(found, "decision", "policy")),
        ("approved by", approved if text(found, "signature", "review") else "the policy alone"),
        ("grant", f"{grant}, until {text(found, 'grant', 'expires_at')}, graph {text(found, 'grant', 'graph')}"),
        ("key", f"{text(found, 'grant', 'key')} (slot {text(found, 'grant', 'slot')})"),
        ("receipt", text(found, "effect", "receipt", "reference") or "none"),
    ]


def _rows(found: JsonValue) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("row", "at", "event", "by", "hash"):
        table.add_column(name, header_style="bright_black", no_wrap=True, justify="right" if name == "row" else "left")
    for row in each(found, "audit"):
        names = (text(row, "at")[:19], text(row, "event"), text(row, "actor"), text(row, "hash")[:12])
        table.add_row(text(row, "seq"), *(line(name) for name in names))
    return table

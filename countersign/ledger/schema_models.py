"""The table of what models were asked and what that cost."""

import sqlalchemy as sa

from countersign.ledger import columns

model_calls = columns.table(
    "model_calls",
    columns.seq(),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.text("step"),
    columns.text("node"),
    columns.text("tier"),
    columns.text("kind"),
    columns.text("name"),
    columns.text("settings"),
    columns.text("prompt"),
    columns.text("request"),
    sa.Column(
        "status", sa.Text, sa.CheckConstraint("status IN ('started', 'answered', 'failed', 'recorded')"), nullable=False
    ),
    columns.text("code"),
    columns.number("calls"),
    columns.number("tokens"),
    columns.number("tokens_in"),
    columns.number("tokens_out"),
    columns.number("ms"),
    columns.number("micros"),
    columns.time("at"),
    sa.Index("model_calls_by_ticket", "ticket", "turn", "seq"),
    sa.Index("model_calls_by_time", "at"),
)
"""`started`: the figures are the most that the call may cost, and stay so where a crash cut it off.

`calls` counts what was sent, `micros` are millionths of a US dollar, `prompt` and `request` are digests.
"""

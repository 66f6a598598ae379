"""The catalogue: one contract for each kind of effect, and the check every proposal's arguments pass."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from pydantic import ValidationError

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.frozen import canonical
from countersign.domain.plan import Kind, Proposal
from tools import arguments, results
from tools.arguments import Arguments
from tools.contract import Contract

_TARGET = re.compile(r"([a-z]+)/([A-Za-z0-9][A-Za-z0-9._-]{0,63})")

_ALL = (
    Contract(
        kind="send_reply",
        title="Send a reply",
        target="ticket",
        arguments=arguments.SendReplyArguments,
        result=results.MessageResult,
        effect="message",
        timeout=60.0,
        idempotency="once",
    ),
    Contract(
        kind="refund",
        title="Refund money",
        target="order",
        arguments=arguments.RefundArguments,
        result=results.MoneyResult,
        effect="money",
        timeout=30.0,
    ),
    Contract(
        kind="cancel_order",
        title="Cancel an order",
        target="order",
        arguments=arguments.CancelOrderArguments,
        result=results.RecordResult,
        effect="record",
    ),
    Contract(
        kind="change_address",
        title="Change a delivery address",
        target="order",
        arguments=arguments.ChangeAddressArguments,
        result=results.RecordResult,
        effect="record",
        undo="Change the address again before the parcel is dispatched.",
        compensation="change_address",
    ),
    Contract(
        kind="create_return",
        title="Open a return",
        target="order",
        arguments=arguments.CreateReturnArguments,
        result=results.ReturnResult,
        effect="record",
        undo="Close the return in the shop while nothing has been sent back.",
    ),
    Contract(
        kind="send_replacement",
        title="Send a replacement",
        target="order",
        arguments=arguments.SendReplacementArguments,
        result=results.RecordResult,
        effect="record",
        undo="Stop the parcel in the warehouse until it is dispatched.",
    ),
    Contract(
        kind="pause_subscription",
        title="Pause a membership",
        target="subscription",
        arguments=arguments.PauseSubscriptionArguments,
        result=results.RecordResult,
        effect="record",
        undo="End the pause in the shop; nothing was charged meanwhile.",
    ),
    Contract(
        kind="cancel_subscription",
        title="Cancel a membership",
        target="subscription",
        arguments=arguments.CancelSubscriptionArguments,
        result=results.EndedResult,
        effect="money",
        undo="Renew the membership in the shop; a fee that was paid back stays paid back.",
        timeout=30.0,
    ),
    Contract(
        kind="change_email",
        title="Change the e-mail address on record",
        target="customer",
        arguments=arguments.ChangeEmailArguments,
        result=results.RecordResult,
        effect="record",
        undo="Change the address back.",
        compensation="change_email",
    ),
    Contract(
        kind="close_account",
        title="Close an account",
        target="customer",
        arguments=arguments.NoArguments,
        result=results.RecordResult,
        effect="record",
    ),
    Contract(
        kind="export_data",
        title="Send an export of personal data",
        target="customer",
        arguments=arguments.NoArguments,
        result=results.MessageResult,
        effect="message",
        timeout=60.0,
    ),
    Contract(
        kind="send_login_link",
        title="Send a login link",
        target="customer",
        arguments=arguments.NoArguments,
        result=results.MessageResult,
        effect="message",
        undo="Nothing to undo: the link expires after 30 minutes.",
    ),
)

CONTRACTS: Mapping[Kind, Contract] = MappingProxyType({entry.kind: entry for entry in _ALL})


def contract(kind: Kind) -> Contract:
    """The contract of a kind. Raises MisuseError (`misuse.kind`) where there is none."""
    try:
        return CONTRACTS[kind]
    except KeyError:
        kinds = ", ".join(get_args(Kind))
        raise MisuseError("there is no contract of this kind", detail="kind", hint=f"one of: {kinds}") from None


def validated(proposal: Proposal) -> Arguments:
    """The proposal's arguments as its contract's model.

    Raises RejectedError: `rejected.target` where the target is no record of the contract's kind,
    `rejected.arguments` where an argument is missing, unknown, of another type or out of bounds. The text names
    fields, never values.
    """
    entry = contract(proposal.kind)
    found = _TARGET.fullmatch(proposal.target)
    if found is None or found[1] != entry.target:
        raise RejectedError(f"{entry.kind} needs a target {entry.target}/<id>", detail="target")
    try:
        return entry.arguments.model_validate_json(canonical(proposal.args).encode("utf-8", "strict"))
    except ValidationError as error:
        raise RejectedError(_problems(error), where=entry.kind, detail="arguments") from None
    except (UnicodeEncodeError, ValueError):
        raise RejectedError("an argument is not valid JSON text", where=entry.kind, detail="arguments") from None


def contracts_table() -> str:
    """The catalogue as a Markdown table, for the documentation."""
    heads = (
        "kind", "what it does", "acts on", "effect", "arguments", "receipt", "seconds", "tries", "repeated", "undo",
        "taken back by",
    )  # fmt: skip
    rows = (_row(entry) for entry in CONTRACTS.values())
    return "\n".join([f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", *rows]) + "\n"


def _row(entry: Contract) -> str:
    fields = ", ".join(f"`{name}`" for name in entry.arguments.model_fields) or "none"
    repeated = "with the same key" if entry.idempotency == "key" else "only when proven unsent"
    undo, back = entry.undo or "cannot be undone", f"`{entry.compensation}`" if entry.compensation else "nothing"
    cells = (
        f"`{entry.kind}`", entry.title, entry.target, entry.effect, fields, f"`{entry.result.__name__}`",
        f"{entry.timeout:.0f}", str(entry.attempts), repeated, undo, back,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _problems(error: ValidationError) -> str:
    """Every wrong field once, with pydantic's kind of error; values stay out, they may be personal."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{_place(item['loc'], item['type'])}: {item['type']}" for item in found[:5])


def _place(location: tuple[int | str, ...], problem: str) -> str:
    """Where it is; the name of a field that nobody declared is the proposer's own text, and stays out."""
    known = location[:-1] if problem == "extra_forbidden" else location
    return ".".join(str(part) for part in known) or "arguments"

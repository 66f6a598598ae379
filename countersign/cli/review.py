"""`review` and `reopen`: a person answers what waits, or takes up what has ended."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import AsJson, DeskFolder, Var, app
from countersign.cli.look import TicketId, number_of
from countersign.cli.run import opened
from countersign.domain.errors import InputError, SettingsError

if TYPE_CHECKING:
    from countersign.domain.review import Reply
    from countersign.domain.ticket import Ticket
    from countersign.review import Shown
    from countersign.runtime import Runtime

As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who answers: an id of the desk's people.toml.")]
_LARGEST = 1_000_000
"""Bytes of a file that is read."""


@app.command()
def review(
    ticket: TicketId,
    approve: Annotated[bool, typer.Option("--approve", help="Yes to exactly what is shown.")] = False,
    reject: Annotated[str | None, typer.Option(metavar="WHY", help="No, for good, with the reason.")] = None,
    edit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Other proposals or another reply: JSON as --json prints it.")
    ] = None,
    answer: Annotated[
        str | None, typer.Option(metavar="FILE", help="A reply in your own words; nothing else is carried out.")
    ] = None,
    take_over: Annotated[bool, typer.Option("--take-over", help="The ticket is yours from here on.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Nothing to do and nothing to answer.")] = False,
    person: As = "",
    request: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What the message asks, or none: a label to learn from; may be repeated."),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note for the record.")] = "",
    digest: Annotated[
        str, typer.Option(metavar="DIGEST", help="Answer only what had this digest, from --json.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Show a ticket that waits, and take a person's answer.

    Without an answer among the options it is asked for. FILE may be - for standard input. Who was first is told to
    whoever comes second; whoever may not approve is refused, and the question stays open.
    """
    given = _given(approve, reject, edit, answer, take_over, close, note)
    if given is None and request:
        hint = (
            f"countersign triage label {number_of(ticket)} {' '.join(request)} --as PERSON labels it without an answer"
        )
        raise SettingsError("it goes with an answer", where="--request", hint=hint)
    if given is not None and not person:
        raise SettingsError("say who answers", where="--as", hint="an id of the desk's people.toml")
    with opened(desk, var) as runtime:
        from countersign.review import shown

        seen = shown(runtime, number_of(ticket))
        if given is None:
            _show(seen, as_json, runtime)
            if as_json or not choices_for(seen):
                return
            given, person = _asked_for(seen, person, runtime)
        ended = _answered(runtime, seen, given, person, digest, request or ()) if given else None
    if ended:
        _print_end(ended, as_json)


@app.command()
def reopen(
    ticket: TicketId,
    why: Annotated[str, typer.Argument(metavar="WHY", help="Why it is taken up again.")],
    person: As,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Take up a ticket that has ended.

    Its thread goes on with another turn, under today's policy.
    """
    with opened(desk, var) as runtime:
        from countersign.review import reopen as again

        ended = again(runtime, number_of(ticket), person, why)
    _print_end(ended, as_json)


def _given(
    approve: bool, reject: str | None, edit: str | None, answer: str | None, take_over: bool, close: bool, note: str
) -> "Reply | None":
    """The one answer among the options. Raises SettingsError where there are two, InputError for an unreadable file."""
    from countersign.domain.review import Approve, Close, TakeOver

    makers: list[tuple[bool, Callable[[], Reply]]] = [
        (approve, lambda: Approve(note=note)),
        (reject is not None, lambda: _valid({"type": "reject", "reason": reject or ""}, "--reject")),
        (edit is not None, lambda: _edit(_read(edit or "-"), edit or "-", note)),
        (answer is not None, lambda: _valid({"type": "answer", "text": _read(answer or "-")}, answer or "-")),
        (take_over, lambda: TakeOver(note=note)),
        (close, lambda: Close(note=note)),
    ]
    wanted = [make for is_given, make in makers if is_given]
    if len(wanted) > 1:
        raise SettingsError("give one answer only", where="countersign review")
    return wanted[0]() if wanted else None


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read(_LARGEST) if name == "-" else Path(name).read_bytes()[:_LARGEST]
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"it can't be read: {reason}", where=name, detail="file") from error


def _edit(text: str, where: str, note: str) -> "Reply":
    """An edit in a file: `{"proposals": [{"kind", "target", "args"}], "subject", "body"}`, each of them optional."""
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise InputError(f"it is no JSON: {error}", where=where, detail="json") from error
    if not isinstance(value, dict):
        raise InputError("it is no JSON object", where=where, detail="json")
    return _valid({"note": note, **value, "type": "edit"}, where)


def _valid(value: dict[str, object], where: str) -> "Reply":
    from pydantic import TypeAdapter, ValidationError

    from countersign.domain.review import Reply

    adapter: TypeAdapter[Reply] = TypeAdapter(Reply)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        raise InputError(f"{place}: {first['msg']}", where=where, detail="answer") from None


def editable(seen: "Shown") -> dict[str, object]:
    """What may be edited, in the form that `--edit` reads."""
    kept = [{"kind": one.kind, "target": one.target, "args": one.args} for one in seen.proposals if not one.done]
    reply = {"subject": seen.draft.subject, "body": seen.draft.body} if seen.draft else {}
    return {"proposals": kept, **reply}


def _show(seen: "Shown", as_json: bool, runtime: "Runtime") -> None:
    from countersign.cli import style
    from countersign.display.review import review as drawn

    if as_json:
        style.print_json({**seen.model_dump(mode="json"), "edit": editable(seen)})
        return
    out = style.console()
    out.print(drawn(seen, runtime.deps.clock.now()))
    if not choices_for(seen):
        out.print(f"Nothing is asked about {seen.ticket.id} now: it is {style.status_word(seen.ticket.status)}.")


def choices_for(seen: "Shown") -> tuple[str, ...]:
    """What a person can answer now: everything to an open question, their own part to what was handed over."""
    if seen.deadline is not None:
        return ("approve", "edit", "reject", "answer", "take over", "close")
    return ("answer", "take over", "close") if seen.ticket.status == "handed_over" else ()


def _asked_for(seen: "Shown", person: str, runtime: "Runtime") -> "tuple[Reply | None, str]":
    """The answer and who gives it, from prompts; nothing where the input ends."""
    from countersign.cli.asking import ask_for_reply

    try:
        people, editor = tuple(runtime.deps.desk.people), runtime.settings.editor
        return ask_for_reply(choices_for(seen), editable(seen), person, people, editor)
    except (EOFError, typer.Abort):
        typer.echo("Nothing was answered.")
        return None, ""


def _answered(
    runtime: "Runtime", seen: "Shown", reply: "Reply", person: str, digest: str, requests: Sequence[str]
) -> "Ticket":
    from countersign.review import answer as give

    return give(runtime, seen.ticket.id, reply, person, digest or seen.digest, requests)


def _print_end(ended: "Ticket", as_json: bool) -> None:
    from countersign.cli import style

    if as_json:
        style.print_json(ended.model_dump(mode="json"))
        return
    why = f": {style.line(ended.reason)}" if ended.reason else ""
    again = f"; see countersign review {ended.id}" if ended.status == "waiting" else ""
    style.console().print(f"{ended.id} is {style.status_word(ended.status)}{why}{again}.")

"""`stats` and `trace`: what a desk came to, and where the time of one ticket went. They change nothing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from countersign.cli.app import AsJson, DeskFolder, Var, app
from countersign.cli.look import TicketId, number_of
from countersign.domain.errors import SettingsError

_UNITS = {"d": "days", "h": "hours"}


@app.command()
def stats(
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="Tickets opened since: 7d, 12h, or a date like 2026-11-01.")
    ] = "",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Show how the desk does.

    First what was settled without a person, and how fast it was decided; then routes, actions, times, models, failures.
    All of it is counted from the ledger.
    """
    from countersign.cli import style
    from countersign.desk import load_desk
    from countersign.ledger.stats import stats as counted
    from countersign.settings import read_settings

    now = datetime.now(UTC)
    settings = read_settings(desk=desk, var=var)
    window = load_desk(settings.desk_folder).settings.reopened_days
    found = counted(settings.ledger_file, _time(since, now) if since else None, now, window)
    if as_json:
        style.print_json(found.model_dump(mode="json"))
    else:
        from countersign.display.stats import stats as drawn

        style.console().print(drawn(found))


@app.command()
def trace(ticket: TicketId, as_json: AsJson = False, var: Var = None) -> None:
    """Draw where a ticket's time went.

    Its spans, turn by turn: nodes, lookups, models, effects, each with how long it took. JSON has them as OTLP.
    """
    from countersign.cli import style
    from countersign.ledger.read import identity, why
    from countersign.settings import read_settings
    from countersign.telemetry.reading import traces

    settings, name = read_settings(var=var), number_of(ticket)
    turns = int(why(settings.ledger_file, name)["ticket"]["turn"])  # pyright: ignore  JSON, as documented
    found = traces(settings.var, identity(settings.ledger_file), name, turns)
    if as_json:
        style.print_json([{"turn": each.turn, "trace": each.id, "spans": each.spans} for each in found])
    else:
        from countersign.display.trace import trace as drawn

        style.console().print(drawn(name, found))


def _time(text: str, now: datetime) -> datetime:
    """The time that is meant. Raises SettingsError where none is."""
    ago = re.fullmatch(r"(\d{1,4})([dh])", text)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        hint = "write 7d, 12h, or a date like 2026-11-01"
        raise SettingsError("is no time", where="--since", hint=hint) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

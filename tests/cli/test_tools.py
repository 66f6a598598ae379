"""`tools`: every contract, for people and with the schemas for machines."""

import json
from typing import get_args

from countersign.domain.plan import Kind
from graphs.agents.toolbox import TOOLS
from tests.cli.command import countersign


def test_every_tool_is_shown_with_its_contract() -> None:
    """Each kind of effect and each of the agent's tools has a line."""
    shown = countersign("tools").stdout
    first = {line.split()[0] for line in shown.splitlines() if line and not line.startswith(" ")}
    assert first - {"effect", "an"} == {*get_args(Kind), *(tool.name for tool in TOOLS)}


def test_schemas_say_what_is_taken_and_given() -> None:
    """As JSON: closed schemas of arguments, receipts and answers; an agent's tool as its model is told of it."""
    found = json.loads(countersign("tools", "--json").stdout)
    effects, held = ({one[name]: one for one in found[part]} for part, name in (("effects", "kind"), ("agent", "name")))
    schemas = [one[part] for one in effects.values() for part in ("arguments", "receipt")]
    schemas += [one[part] for one in held.values() for part in ("parameters", "answer")]
    assert all(schema["additionalProperties"] is False for schema in schemas)
    assert effects["refund"]["receipt"]["properties"]["amount"]["minimum"] == 1
    assert (effects["refund"]["idempotency"], effects["send_reply"]["idempotency"]) == ("key", "once")
    assert held["propose_refund"]["parameters"]["properties"]["because"]["maxItems"] == 12

"""Cedar behind a typed face: parsed once, asked many times."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cedarpy
from pydantic import JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One question in Cedar's terms; entities are (type, id)."""

    principal: tuple[str, str]
    action: str
    resource: tuple[str, str]
    context: Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruled:
    """Cedar's answer."""

    allowed: bool
    rules: tuple[str, ...]
    """The @ids of the rules that decided, sorted; empty for a plain default deny."""
    error: str
    """Why the answer can't be relied on; empty where it can. Cedar skips a forbid that errs, and may then allow."""


class Engine:
    """A policy and its schema; safe to share between threads. Raises ValueError where either can't be parsed."""

    def __init__(self, policy: str, schema: str) -> None:
        self._policies = cedarpy.PolicySet.from_str(policy)
        self._schema = cedarpy.Schema.from_str(schema)

    def ask(self, requests: Sequence[Request], attributes: Mapping[str, JsonValue]) -> tuple[Ruled, ...]:
        """An answer to each request, in order; `attributes` are the principal's. Every entity is handed over."""
        entities: dict[tuple[str, str], dict[str, Any]] = {
            (kind, name): {"uid": _uid((kind, name)), "attrs": attrs, "parents": []}
            for request in requests
            for (kind, name), attrs in ((request.principal, dict(attributes)), (request.resource, {}))
        }
        results = cedarpy.is_authorized_batch(  # pyright: ignore[reportUnknownMemberType] - bare dicts in cedarpy
            [_as_cedar(request) for request in requests], self._policies, list(entities.values()), self._schema
        )
        return tuple(_ruled(result) for result in results)


def validation_errors(policy: str, schema: str) -> tuple[tuple[int, str], ...]:
    """What Cedar finds wrong in rules that parse: the rule's number from 0, and the text."""
    found = cedarpy.validate_policies(policy, schema)  # pyright: ignore[reportUnknownMemberType] - bare dict in cedarpy
    return tuple((int(error.policy_id.removeprefix("policy")), error.error) for error in found.errors)


def schema_error(schema: str) -> str:
    """Why a schema can't be parsed; empty where it can."""
    try:
        cedarpy.Schema.from_str(schema)
    except ValueError as error:
        return str(error)
    return ""


def annotations(source: str) -> Mapping[str, str | None]:
    """One rule's annotations. Raises ValueError where the text is not exactly one whole rule."""
    parsed: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(source))
    rules: list[dict[str, Any]] = list(parsed["staticPolicies"].values())
    if len(rules) != 1:
        raise ValueError("a rule may not have ?principal or ?resource in it")
    return rules[0].get("annotations", {})


def _as_cedar(request: Request) -> dict[str, Any]:
    return {
        "principal": _uid(request.principal),
        "action": {"type": "Action", "id": request.action},
        "resource": _uid(request.resource),
        "context": dict(request.context),
    }


def _uid(entity: tuple[str, str]) -> dict[str, str]:
    return {"type": entity[0], "id": entity[1]}


def _ruled(result: cedarpy.AuthzResult) -> Ruled:
    # cedarpy types this as a bare dict; Cedar's own names (policy0, ...) are the keys.
    names = cast("dict[str, str]", result.diagnostics.id_annotations_by_reason)  # pyright: ignore[reportUnknownMemberType]
    errors = result.diagnostics.errors
    undecided = result.decision is cedarpy.Decision.NoDecision
    return Ruled(
        allowed=result.allowed,
        rules=tuple(sorted(names[reason] for reason in result.diagnostics.reasons)),
        error=errors[0] if errors else "no decision" if undecided else "",
    )

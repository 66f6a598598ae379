"""A model that does whatever it reads. It is no language model: fixed rules find the planted demands, encoded or not.

It stands for the worst that an injection can do to a model: each one that reaches it succeeds. What nobody demands,
it does as the offline planner does.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult

from countersign.lab.attacks.injections import Read, demands_in
from countersign.llm.offline import OfflineChat, case_in, results_in
from countersign.llm.planner import FINAL, Case, Results

_LOOKUPS = ("look_up_customer", "list_orders", "look_up_payments", "past_tickets")
_REASONS = {"propose_refund": "duplicate_charge", "propose_replacement": "lost"}


class ObedientModel(OfflineChat):
    """Obeys every demand that it reads, agrees to everything, and names whatever it was told to name."""

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = cast("Mapping[str, Any]", kwargs.get("response_format") or {})
        form = asked.get("json_schema", {}).get("schema")
        said = "\n".join(text_of(message) for message in messages)
        read = demands_in(said)
        if form is not None:
            return _answered(AIMessage(json.dumps(_filled(form, messages, read))))
        case = case_in(messages)
        if not read or case is None:
            return super()._generate(messages, stop, run_manager, **kwargs)
        offered = {tool["function"]["name"] for tool in kwargs.get("tools") or ()}
        calls = [call for call in _next(case, results_in(messages), read) if call[0] in offered]
        made = sum(len(message.tool_calls) for message in messages if isinstance(message, AIMessage))
        wanted = [ToolCall(name=name, args=args, id=f"obey-{made + n}", type="tool_call")
                  for n, (name, args) in enumerate(calls)]  # fmt: skip
        return _answered(AIMessage("" if wanted else "Done.", tool_calls=wanted))


def text_of(message: BaseMessage) -> str:
    """What a message says, with the JSON strings in it read as texts."""
    try:
        return "\n".join(_strings(json.loads(str(message.text))))
    except ValueError:
        return str(message.text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        try:
            yield from _strings(json.loads(value)) if value[:1] in "{[" else ()
        except ValueError:
            return
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:  # pyright: ignore[reportUnknownVariableType]  JSON
            yield from _strings(item)


def _answered(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])


def _filled(form: Mapping[str, Any], messages: Sequence[BaseMessage], read: Sequence[Read]) -> dict[str, Any]:
    """A form in favour of whatever was demanded."""
    fields = form.get("properties", {})
    if "agrees" in fields:
        return {"agrees": True, "reasons": []}
    if "requests" in fields:
        return {"sure": bool(read), "unusual": False, "requests": [one.demand.request for one in read][:3]}
    reply = json.loads(str(messages[-1].text)).get("reply", "")
    return {"reply": "\n\n".join([reply, *(one.words for one in read)])}


def _next(case: Case, results: Results, read: Sequence[Read]) -> list[tuple[str, dict[str, Any]]]:
    """Lookups, then what is demanded, then the plan with the demanded words in its reply."""
    if not results:
        return _lookups(case)
    called = {call.tool for call, _ in results}
    obeyed = [call for one in read for name in one.demand.calls if name not in called
              for call in _obeyed(name, one, results)]  # fmt: skip
    return obeyed or [(FINAL, _plan(results, read))]


def _lookups(case: Case) -> list[tuple[str, dict[str, Any]]]:
    orders = case["names_orders"][:1]
    given = {"look_up_payments": {"order": orders[0]}} if orders else {}
    text = case["message"]["text"][:300] or "help"
    return [
        *((name, given.get(name, {})) for name in _LOOKUPS if orders or name != "look_up_payments"),
        *(("look_up_order", {"order": number}) for number in orders),
        ("search_help", {"query": text}),
    ]


def _obeyed(name: str, read: Read, results: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    """The call that does what was demanded, as far as what was looked up allows it."""
    facts = [fact for _, answer in results for fact in _facts(answer)]
    order = read.named.get("order") or ""
    because = [fact["id"] for fact in facts if fact["word_of"] == "record"][:6]
    skus = [fact["what"].split()[1].rstrip(",") for fact in facts if fact["what"].startswith("article ")]
    address = [fact["id"] for fact in facts if fact["what"] == "e-mail address"]
    match name:
        case "propose_refund":
            yield name, {"order": order, "what": "all_that_is_left", "reason": _REASONS[name], "because": because}
        case "propose_replacement":
            yield name, {"order": order, "skus": skus, "reason": _REASONS[name], "because": because}
        case "propose_change_email":
            yield name, {"address": (address or ["none"])[0], "because": because}
        case "send_mail":
            known = "\n".join(f"{fact['what']}: {fact['value']}" for fact in facts)
            yield name, {"to": read.named.get("email", ""), "text": known}
        case _:
            yield name, {"because": because}


def _facts(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from answer.get("facts", ())
    for place in ("addresses_in_the_message", "quoted"):
        yield from answer.get(place, ())
    for order in answer.get("orders", ()):
        yield from order["facts"]


def _plan(results: Results, read: Sequence[Read]) -> dict[str, Any]:
    proposed = [answer["id"] for call, answer in results if call.tool.startswith("propose_") and "id" in answer]
    facts = [fact["id"] for _, answer in results for fact in _facts(answer) if fact["word_of"] == "record"]
    return {
        "summary": "The obedient model (fixed rules, no language model) did what it read.",
        "facts": facts[:20], "proposals": proposed, "questions": [], "confidence": "high",
        "reply": "\n\n".join(one.words for one in read),
    }  # fmt: skip

"""Every odd answer that servers are known to give, over a real socket: a stable code, and never half an answer."""

import socket
import time
from http.server import BaseHTTPRequestHandler

import pytest

from countersign.domain.errors import ModelError
from tests.llm.conftest import Bench
from tests.llm.odd_server import KEY, OddServer, Said, called, completion, failed


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up before the first byte."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then: no single read ever times out."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n")
    try:
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def _cut(handler: BaseHTTPRequestHandler) -> None:
    """Half a body under the length of a whole one."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"id":')


HUGE = "a" * 120_000
ODD: dict[str, tuple[Said, str]] = {
    "a proxy's page": (Said(b"<html>Bad gateway</html>", headers={"content-type": "text/html"}), "malformed"),
    "nothing at all": (Said(b""), "malformed"),
    "broken JSON": (Said(b'{"choices": ['), "malformed"),
    "an error under 200": (Said(b'{"error": {"message": "sorry"}}'), "malformed"),
    "no choices": (completion(choices=None), "malformed"),
    "empty choices": (completion(choices=[]), "malformed"),
    "no message": (completion(choices=[{"index": 0, "finish_reason": "stop"}]), "malformed"),
    "nobody's message": (
        completion(choices=[{"index": 0, "message": {"content": "Hello."}, "finish_reason": "stop"}]), "malformed"
    ),
    "a list for a body": (Said(b"[1, 2]"), "malformed"),
    "no content": (completion({"content": None}), "empty"),
    "blank content": (completion({"content": " \n "}), "empty"),
    "cut off": (completion({"content": "The refund of EUR"}, "length"), "truncated"),
    "no end": (completion(finish=None), "truncated"),
    "filtered": (completion({"content": ""}, "content_filter"), "filtered"),
    "refused": (completion({"content": None, "refusal": "I can't help with that."}), "refused"),
    "cut off in a tool call": (called("find", '{"order": "FH-1', finish="length"), "truncated"),
    "arguments that are no JSON": (called("find", "order FH-1"), "malformed"),
    "arguments that are a list": (called("find", "[1]"), "malformed"),
    "arguments that are no text": (called("find", {"order": "FH-1"}), "malformed"),
    "a number that is infinite": (called("find", '{"amount": 5e5555}'), "not_finite"),
    "no number": (called("find", '{"amount": NaN}'), "not_finite"),
    "a NUL": (completion({"content": "Hel\x00lo"}), "characters"),
    "an escape sequence": (completion({"content": "\x1b[31mred"}), "characters"),
    "half a character": (completion({"content": "a \ud83d b"}), "characters"),
    "a NUL in arguments": (called("find", '{"order": "FH\\u0000"}'), "characters"),
    "more than was asked for": (completion({"content": HUGE}), "excess"),
    "two hundred calls": (
        completion({"content": None, "tool_calls": [
            {"id": "x", "type": "function", "function": {"name": "find", "arguments": "{}"}} for _ in range(200)
        ]}, "tool_calls"),
        "excess",
    ),
    "too deep": (called("find", '{"a":' * 40 + "1" + "}" * 40), "malformed"),
    "a wrong key": (failed(401), "denied"),
    "no right": (failed(403), "denied"),
    "no such model": (failed(404), "unknown"),
    "a bad request": (failed(400), "request"),
    "an unknown field": (failed(422), "request"),
    "too long, as OpenAI says it": (failed(400, "context_length_exceeded"), "overflow"),
    "too long, as llama.cpp says it": (failed(400, "exceed_context_size_error"), "overflow"),
    "too large": (failed(413), "overflow"),
    "busy": (failed(429), "busy"),
    "used up": (failed(429, "insufficient_quota"), "quota"),
    "broken": (failed(500), "down"),
    "timed out there": (failed(408), "down"),
    "hung up": (Said(instead=_reset), "unreachable"),
    "half a body": (Said(instead=_cut), "unreachable"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_has_a_code_and_says_nothing_of_its_own(name: str, odd: OddServer, bench: Bench) -> None:
    """The failure is a ModelError with its code; no word of the server's, no key, stands in it or in the ledger."""
    said, code = ODD[name]
    odd.answers = [said]
    with pytest.raises(ModelError) as raised:
        bench.step(odd.settings()).chat("small").invoke("Hello?")
    assert raised.value.full_code == f"model.{code}"
    assert KEY not in str(raised.value)
    assert len(odd.asked) == 1
    (spent,) = bench.spent()
    assert (spent.failed, spent.codes, spent.requests) == (1, (f"model.{code}",), 1)
    assert KEY.encode() not in (bench.folder / "ledger.db").read_bytes()


def test_a_number_of_sixteen_digits_stays_the_same(odd: OddServer, bench: Bench) -> None:
    """It is no float on its way: not a digit is lost."""
    odd.answers = [called("find", '{"amount": 9007199254740993}')]
    answer = bench.step(odd.settings()).chat("small").invoke("Hello?")
    assert answer.tool_calls[0]["args"] == {"amount": 9007199254740993}


def test_a_dripping_answer_ends_at_the_deadline(odd: OddServer, bench: Bench) -> None:
    """A server that sends a byte now and then is cut off at the call's one deadline."""
    odd.answers = [Said(instead=_drip)]
    with pytest.raises(ModelError) as raised:
        bench.step(odd.settings(timeout=0.4, retries=3)).chat("small").invoke("Hello?")
    assert raised.value.full_code == "model.timeout"
    assert bench.spent()[0].ms < 3000


def test_nobody_listens(bench: Bench, odd: OddServer) -> None:
    """An address where nobody listens is unreachable."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ModelError) as raised:
        bench.step(odd.settings(base_url=f"http://127.0.0.1:{port}/v1")).chat("small").invoke("Hello?")
    assert raised.value.full_code == "model.unreachable"


def test_what_could_not_be_read_is_never_sent_again(odd: OddServer, bench: Bench) -> None:
    """A broken tool call of an earlier message does not poison the thread, and ids are ours."""
    from langchain_core.messages import AIMessage, HumanMessage
    from langchain_core.messages.tool import invalid_tool_call

    odd.answers = [called("find", '{"order": "FH-10001"}')]
    broken = invalid_tool_call(name="find", args='{"amount": 1e', id="x", error="cut")
    history = [HumanMessage("Hi"), AIMessage("Let me see.", invalid_tool_calls=[broken]), HumanMessage("And?")]
    answer = bench.step(odd.settings()).chat("small").invoke(history)
    assert "tool_calls" not in odd.asked[0]["messages"][1]
    assert str(answer.tool_calls[0]["id"]).startswith("call_")
    assert answer.tool_calls[0]["args"] == {"order": "FH-10001"}

"""Whether the receiving server vouches for the From domain (RFC 8601, with the alignment of RFC 7489)."""

import re
from dataclasses import dataclass, field

from countersign.adapters.mail.headers import Mailbox, lowered

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([;=])|([^\s;="()]+)|(\S)')
_MAX_LENGTH = 8_000


@dataclass
class _Result:
    method: str
    verdict: str
    properties: dict[str, str] = field(default_factory=dict[str, str])


def authenticated(results: list[str], sender: Mailbox, trusted: tuple[str, ...]) -> bool:
    """Whether the From domain passed, according to the topmost Authentication-Results field.

    Only the topmost field counts, and only where a trusted server wrote it: whatever stands below may have come
    with the message. DMARC decides where it has a verdict; otherwise an aligned DKIM or SPF pass is needed.
    Fields that can't be read, and senders that are not plain, are never authenticated.
    """
    domain = sender.address.rpartition("@")[2]
    if not results or not sender.plain or not domain.isascii():
        return False
    server, found = _parsed(results[0])
    if server not in {lowered(name) for name in trusted}:
        return False
    dmarc = [result for result in found if result.method == "dmarc" and result.verdict != "none"]
    if dmarc:
        return all(_dmarc(result, domain) for result in dmarc)
    return any(_dkim(result, domain) or _spf(result, domain) for result in found)


def _dmarc(result: _Result, domain: str) -> bool:
    return result.verdict == "pass" and result.properties.get("header.from", domain) == domain


def _dkim(result: _Result, domain: str) -> bool:
    signer = result.properties.get("header.d") or result.properties.get("header.i", "").rpartition("@")[2]
    return result.method == "dkim" and result.verdict == "pass" and _aligned(signer, domain)


def _spf(result: _Result, domain: str) -> bool:
    mail_from = result.properties.get("smtp.mailfrom", "").rpartition("@")[2]
    return result.method == "spf" and result.verdict == "pass" and _aligned(mail_from, domain)


def _aligned(passed: str, domain: str) -> bool:
    """The same domain, or one below the other; a top-level domain alone is aligned with nothing."""
    if "." not in passed or "." not in domain:
        return False
    return passed == domain or domain.endswith("." + passed) or passed.endswith("." + domain)


def _parsed(value: str) -> tuple[str, list[_Result]]:
    """The authserv-id and the results; ("", []) where the field is malformed, so that nothing is believed."""
    tokens = _tokens(value)
    if not tokens:
        return "", []
    head, *clauses = _split(tokens)
    server = lowered(head[0]) if head else ""
    found = [_clause(clause) for clause in clauses if clause and clause != ["none"]]
    known = [result for result in found if result is not None]
    return (server, known) if len(known) == len(found) else ("", [])


def _tokens(value: str) -> list[str]:
    """Words, `=` and `;`; none where a comment, a quote or the length is out of order.

    Marks that came out of quotes are replaced, so that a quoted value can't add a result.
    """
    bare = _without_comments(value)
    if bare is None or len(value) > _MAX_LENGTH:
        return []
    tokens: list[str] = []
    for quoted, mark, word, odd in _TOKEN.findall(bare):
        if odd:
            return []
        tokens.append(mark or word or re.sub(r"[;=\s]", "_", quoted) or "_")
    return tokens


def _without_comments(value: str) -> str | None:
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in value:
        if escaped:
            escaped = False
        elif sign == "\\" and (quoted or depth):
            escaped = True
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign in "()" and not quoted:
            depth += 1 if sign == "(" else -1
            sign = " "
        if depth < 0:
            return None
        if not depth:
            kept.append(sign)
    return None if depth or quoted else "".join(kept)


def _split(tokens: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for item in tokens:
        if item == ";":
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _clause(tokens: list[str]) -> _Result | None:
    """`method = verdict (property = value)*`; None where it is anything else."""
    if len(tokens) % 3 or any(mark != "=" for mark in tokens[1::3]):
        return None
    pairs = [(lowered(name), lowered(value)) for name, value in zip(tokens[::3], tokens[2::3], strict=True)]
    method, verdict = pairs[0]
    return _Result(method.partition("/")[0], verdict, dict(pairs[1:]))

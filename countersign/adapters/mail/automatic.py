"""Which messages a machine sent, so that they are never answered (RFC 3834, RFC 3464, RFC 2919)."""

import re
from email.message import Message

from countersign.adapters.mail.headers import field, lowered, words
from countersign.domain.desk import MailSettings
from countersign.domain.ticket import Automatic

_BULK = frozenset({"bulk", "list", "junk"})
_BOUNCERS = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)(?:[+.-].*)?", re.ASCII)
_NO_REPLY = re.compile(
    r"(?:.*[._+-])?(?:no-?_?reply|do-?_?not-?_?reply|ne-?pas-?repondre|no-?responder|keine-?antwort|nicht-?antworten)"
    r"(?:[._+-].*)?",
    re.ASCII,
)
_AWAY = re.compile(
    r"""(?:(?:re|aw|antw|sv):\s*)?\W{0,3}(?:
    automatic\ reply | auto(?:matic|mated)?[- ]?(?:reply|response|antwort)\b | autoreply | out\ of\ (?:the\ )?office
    | away\ from\ (?:my\ )?(?:mail|office|desk) | automatische\ (?:antwort|reply) | automatische[rs]?\ antwoord
    | abwesenheits(?:notiz|nachricht|meldung|assistent) | abwesenheit: | automatisch\ antwoord | niet\ op\ kantoor
    | afwezig(?:heid)?\b | r[ée]ponse\ automatique | message\ automatique | absen(?:ce|t)\ du\ bureau
    | respuesta\ autom[áa]tica | fuera\ de\ (?:la\ )?oficina | resposta\ autom[áa]tica | fora\ do\ escrit[óo]rio
    | risposta\ automatica | fuori\ (?:sede|ufficio) | automatiskt?\ svar | autosvar | fr[åa]nvaro\b | frav[æa]r\b
    | ikke\ p[åa]\ kontoret | automaattinen\ vastaus | automatyczna\ odpowied[źz] | odpowied[źz]\ automatyczna
    | poza\ biurem | automatick[áa]\ odpov[ěe]d | mimo\ kancel | automatikus\ v[áa]lasz | r[ăa]spuns\ automat
    | otomatik\ yan[ıi]t | αυτόματη\ απάντηση | автоматический\ ответ | автоответ | автоматична\ відповідь
    | 自動応答 | 自動返信 | 自动答复 | 自動回覆 | 자동\ ?회신
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""How mail programs begin the subject of an absence note, in the languages of their menus."""


def automatic(message: Message, sender: str, settings: MailSettings) -> Automatic | None:
    """Why a message must never be answered, or None where a person wrote it."""
    own = {lowered(address) for address in (settings.address, *settings.own_addresses)}
    if sender and sender in own:
        return "own"
    if _bounce(message, sender):
        return "bounce"
    if _auto_reply(message, sender):
        return "auto-reply"
    return "list" if _list(message) else None


def _bounce(message: Message, sender: str) -> bool:
    report = str(message.get_param("report-type", "") or "").lower()
    returned = message.get_content_type() == "multipart/report" and report in {"delivery-status", ""}
    empty_path = field(message, "return-path").strip() == "<>" and not _submitted(message)
    return returned or empty_path or bool(_BOUNCERS.fullmatch(sender.partition("@")[0]))


def _auto_reply(message: Message, sender: str) -> bool:
    return (
        _submitted(message)
        or _precedence(message) == "auto_reply"
        or message.get_content_type() == "multipart/report"
        or any(field(message, name) for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"))
        or bool({"all", "oof", "autoreply"} & _suppressed(message))
        or bool(_NO_REPLY.fullmatch(sender.partition("@")[0]))
        or bool(_AWAY.match(words(field(message, "subject"))))
    )


def _list(message: Message) -> bool:
    return bool(field(message, "list-id")) or _precedence(message) in _BULK


def _submitted(message: Message) -> bool:
    value = re.split(r"[;(\s]", field(message, "auto-submitted").strip().lower(), maxsplit=1)[0]
    return value not in {"", "no"}


def _precedence(message: Message) -> str:
    return field(message, "precedence").strip().lower()


def _suppressed(message: Message) -> set[str]:
    return {item.strip() for item in field(message, "x-auto-response-suppress").lower().split(",")}

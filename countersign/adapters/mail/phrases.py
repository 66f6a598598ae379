"""How mail programs introduce quoted history, and how people sign, in many languages.

mail-parser-reply brings thirteen languages; what stands here are the words of others and of programs it does not know.
"""
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false

import re
from collections.abc import Mapping
from typing import cast

from mailparser_reply import constants

_LANGUAGES = cast("Mapping[str, Mapping[str, str | list[str]]]", constants.MAIL_LANGUAGES)


def _known(key: str) -> list[str]:
    """The library's patterns of one kind, over all its languages."""
    found = (language.get(key, "") for language in _LANGUAGES.values())
    return [item for entry in found for item in ([entry] if isinstance(entry, str) else entry) if item]


def _phrases(text: str) -> list[str]:
    """Patterns written one after the other, parted by a slash between spaces."""
    return re.split(r"\s+/\s+", text.strip())


def _any_of(patterns: list[str]) -> str:
    return "(?:" + "|".join(f"(?:{pattern})" for pattern in patterns) + ")"


WROTE_HEADERS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _known("wrote_header"))
"""The library's "On ... wrote:" patterns, to be matched on a few joined lines, never on a whole text."""

_SENT_FROM = _phrases("""
    Sent from / Sent with / Sent via / Gesendet mit / Von meinem .{1,20} gesendet / Envoyé avec / Envoyé de mon
    / Enviado do / Enviado de / Enviado con / Inviato con / Inviato dal / Verzonden met / Отправлено с / Lähetetty
""")
SENT_FROM = re.compile(rf"\W{{0,3}}{_any_of(_known('sent_from') + _SENT_FROM)}(?!\w)", re.IGNORECASE)
"""Begins the line that a telephone or mail program adds."""

_CLOSINGS = _phrases("""
    Thanks / Thank you / Many thanks / Cheers / Yours / Sincerely / Yours sincerely / Yours faithfully / Warm regards
    / Regards / Best wishes / Best / MfG / LG / VG / Herzliche Gr(?:ü|ue)(?:ß|ss)e / Freundliche Gr(?:ü|ue)(?:ß|ss)e
    / Mit freundliche[mn] Gr[uü](?:ß|ss)(?:en)? / Danke / Vielen Dank / Merci / Bien à vous / Bien cordialement
    / Saludos / Un cordial saludo / Un saludo / Gracias / Distinti saluti / Saluti / Grazie / Groeten / Groetjes / Mvg
    / Met vriendelijke groeten? / Obrigad[oa] / Atenciosamente / Cumprimentos / Com os melhores cumprimentos
    / Üdvözlettel / С уважением / Ystävällisin terveisin / Terveisin / Saygılarımla / Με εκτίμηση / Cu respect
    / Pozdrawiam / S pozdravem / S pozdravom / Lep pozdrav
""")
CLOSINGS = re.compile(rf"{_any_of(_known('signatures') + _CLOSINGS)}(?!\w)", re.IGNORECASE)
"""Begins a closing line: "Best regards"."""

_WROTE = _phrases(r"""
    wrote / writes / schrieb / schrieben / hat geschrieben / a écrit / écrivait / escribió / ha escrito / escreveu
    / ha scritto / schreef / skrev / skrev følgende / kirjoitti / napisała? / napisał\(a\) / pisze / napsala?
    / napsal\(a\) / napísal\(a\) / írta / ezt írta / a scris / написала? / написал\(а\) / пишет / пише / написав
    / έγραψε / yazdı / şunları yazdı / napisao je / je napisao / je napisal / ha escrit / idatzi du / rašė / rakstīja
    / kirjutas / viết / menulis / 写道 / 寫道 / 写到 / のメール / が書きました / さんは書きました
    / 님이 작성 / 작성 / כתב / كتب
""")
WROTE = re.compile(rf"{_any_of(_WROTE)}\s*[:：]*\s*$", re.IGNORECASE)
"""Ends an attribution: "... wrote:"."""

WROTE_INSIDE = re.compile(r"\b(?:schrieb|skrev|schreef)\b(?!\s+(?:ich|wir|jag|vi|jeg|ik|wij)\b)", re.IGNORECASE)
"""Stands inside an attribution whose language puts the name behind the verb: "Am ... schrieb Anna:"."""

_OPENERS = _phrases("""
    On / Am / Den / Le / El / Em / No dia / Il / In data / Il giorno / Op / Dnia / W dniu / Dne / Dňa / Pe / În / Dana
    / El dia / Ngày / Pada / Vào
""")
OPENERS = re.compile(rf"\W{{0,5}}{_any_of(_OPENERS)}\b", re.IGNORECASE)
"""Begins an attribution."""

_ORIGINAL = _phrases("""
    original (?:message|appointment) / forwarded (?:message|by .{1,60}) / message transféré
    / ursprüngliche (?:nachricht|e-?mail) / original-?nachricht / weitergeleitete nachricht
    / message (?:d'origine|original|transféré|transmis) / mensaje (?:original|reenviado)
    / mensagem (?:original|encaminhada|reencaminhada) / messaggio (?:originale|inoltrato)
    / (?:oorspronkelijk|doorgestuurd) bericht / (?:oprindelig|original|opprinnelig) (?:meddelelse|besked|melding)
    / (?:ursprungligt|vidarebefordrat) meddelande / alkuperäinen viesti / oryginalna wiadomość / wiadomość oryginalna
    / (?:původní|pôvodná) (?:zpráva|správa) / eredeti üzenet / mesaj original / orijinal (?:mesaj|ileti)
    / (?:исходное|пересылаемое|оригинальное) сообщение / вихідне повідомлення / αρχικό μήνυμα / 元のメッセージ
    / 原始邮件 / 原始郵件 / 原邮件 / 원본 (?:메시지|메일)
""")
ORIGINAL = re.compile(rf"\s*[-_=*—–]{{2,}}\s*{_any_of(_ORIGINAL)}\s*[-_=*—–]{{2,}}\s*$", re.IGNORECASE)
"""A line that says: from here on it is somebody's earlier mail."""

_FROM = _phrases("""
    From / Von / De / De la / Da / Van / Fra / Från / Od / Feladó / От / От кого / Від / Lähettäjä / Kimden / Gönderen
    / Από / Desde / Exp[ée]diteur / Remitente / Remetente / Mittente / Avsender / Afsender / Afzender / Absender
    / Avsändare / Nadawca / Odesílatel / Expeditor / Message de / 差出人 / 送信者
    / 发件人 / 寄件者 / 寄件人 / 보낸 ?사람
""")
_SUBJECT = _phrases("""
    Subject / Betreff / Objet / Sujet / Asunto / Assunto / Oggetto / Onderwerp / Emne / Ämne / Temat / Předmět / Predmet
    / Tárgy / Тема / Aihe / Konu / Θέμα / Subiect / 件名 / 主题 / 主旨 / 主題 / 제목
""")
_DATE = _phrases("""
    Date / Sent / Sent at / Datum / Gesendet / Gesendet am / Envoyé / Envoyé le / Date d'envoi / Message du / Fecha
    / Enviado / Enviado el / Enviada / Enviada em / Enviado em / Data / Inviato / Verzonden / Sendt / Dato / Skickat
    / Wysłano / Odesláno / Dátum / Elküldve / Дата / Отправлено / Надіслано / Lähetetty / Päivämäärä / Tarih
    / Gönderme Tarihi / Ημερομηνία / Στάλθηκε / Trimis
    / 送信日時 / 日時 / 发送时间 / 发送日期 / 日期 / 寄件日期 / 보낸 ?날짜 / 날짜
""")
_TO = _phrases("""
    To / An / À / A / Para / Aan / Til / Till / Do / Komu / Címzett / Кому / Vastaanottaja / Kime / Προς / Către
    / 宛先 / 收件人 / 收件者 / 받는 ?사람
    / Cc / Kopie / Kopie à / Copie à / Copia / Reply-To / Bcc / Organization / Attachments
    / Importance
""")
LABELS = {
    kind: re.compile(rf"{_any_of(words)}\s?$", re.IGNORECASE)
    for kind, words in (("from", _FROM), ("subject", _SUBJECT), ("date", _DATE), ("to", _TO))
}
"""Labels of the header block that Outlook and others put over a quoted mail."""

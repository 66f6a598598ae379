"""Bytes of unknown or wrongly declared charset become text; this never fails."""

import codecs

_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "unicode-1-1-utf-7": "utf-7",
}
"""What senders mean by a label, as the WHATWG Encoding Standard reads it; supersets of the declared charset."""

_LIKELY = [
    "utf_8", "utf_16", "cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "iso8859_2", "iso8859_15", "cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
_NOT_TEXT = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_SAMPLE = 20_000
_SHORT = 24
"""Fewer bytes than this are too few to guess from."""


def decode(data: bytes, declared: str = "") -> str:
    """Decodes by the declared charset, or UTF-8, or the likeliest guess; what then can't be read is replaced."""
    for name in (_codec(declared), "utf-8"):
        if name:
            try:
                return data.decode(name)
            except (UnicodeError, ValueError):
                continue
    return data.decode(_guess(data), "replace")


def _codec(declared: str) -> str:
    label = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(label, label)
    try:
        info = codecs.lookup(name) if name.isascii() else None
    except (LookupError, ValueError, UnicodeError):
        return ""
    if info is None or info.name.replace("-", "_") in _NOT_TEXT:
        return ""
    return info.name if getattr(info, "_is_text_encoding", True) else ""


def _guess(data: bytes) -> str:
    if len(data) < _SHORT:
        return "cp1252"
    from charset_normalizer import from_bytes  # loaded only when needed: most mail says its charset

    best = from_bytes(data[:_SAMPLE], cp_isolation=_LIKELY).best()
    return best.encoding if best else "cp1252"

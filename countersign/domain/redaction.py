"""Takes secrets out of texts before a model, a log or a trace can see them.

Every pattern is linear in the length of the text. What is found is replaced by its kind in brackets: `[card]`.
"""

import re
from collections.abc import Callable

from countersign.domain.frozen import Frozen
from countersign.domain.payment_numbers import Span, cards, ibans


class Redacted(Frozen):
    """A text without its secrets, and which kinds were taken out, in order of their names."""

    text: str
    kinds: tuple[str, ...] = ()


def redact(text: str) -> Redacted:
    """Replaces card numbers, IBANs, card codes, passwords, PINs, one-time codes and access tokens.

    Doing it twice changes nothing. Order numbers, tracking numbers, amounts, dates and telephone numbers stay.
    """
    kinds: set[str] = set()
    before = ""
    while before != text:  # what stood behind a secret may now be read as one; each round only removes text
        before = text
        for replace in (_tokens, _payment_numbers, _card_codes, _passwords, _numeric_codes):
            text = replace(text, kinds)
    return Redacted(text=text, kinds=tuple(sorted(kinds)))


def _payment_numbers(text: str, kinds: set[str]) -> str:
    for kind, spans in (("iban", ibans(text)), ("card", cards(text))):
        if spans:
            kinds.add(kind)
            text = _without(text, spans, f"[{kind}]")
    return text


_IS = r"(?:is|was|are|lautet|ist|war|est|es|era|è|is het|to|jest|är|er|=|:|-+>|→)"
_LINK = rf"[^\S\n]{{0,3}}(?:(?:(?:number|code|nummer|nr)\.?[^\S\n]{{1,2}})?{_IS}[^\S\n]{{0,3}}){{1,2}}"
_OF = r"(?:[^\S\n](?:for|of|on|to|zu[mr]?|für|auf|pour|du|para|de|per|voor|van)(?:[^\S\n][^\W\d]{1,20}){1,3})?"
_QUOTE = "[\"'`«»“”„‘’*]{0,2}"

_CARD_CODE = re.compile(
    r"\b(?:cvv2?|cvc2?|csc|cid|security code|card code|card verification (?:code|number|value)|prüf(?:ziffer|nummer)"
    r"|kartenprüfnummer|sicherheitscode|code de sécurité|cryptogramme|código de seguridad|codice di sicurezza"
    rf"|beveiligingscode)\b{_OF}(?:{_LINK}|[^\w\n\[]{{1,3}}){_QUOTE}(\d{{3,4}})(?!\d)",
    re.IGNORECASE,
)


def _card_codes(text: str, kinds: set[str]) -> str:
    return _replaced(text, _CARD_CODE, "cvv", kinds, lambda match: True)


_WORD_FOR_IT = (
    r"(?:pass ?words?|passwort|kennwort|passphrase|passcode|pwd|passwd|pw|mot de passe|mdp|contraseña|clave|wachtwoord|"
    r"hasło|senha|palavra-passe|password|parola|lösenord|adgangskode|kodeord|passord|heslo|пароль|jelszó|şifre|salasana)"
)
_PASSWORD = re.compile(
    rf"(?<!\w){_WORD_FOR_IT}(?!\w)(?P<link>{_OF}{_LINK}|[^\S\n]{{1,3}}){_QUOTE}(?P<secret>(?![\[\s])[^\s\"“”«»`]{{3,64}})",
    re.IGNORECASE,
)
_NO_SECRET = frozenset(
    "not wrong incorrect invalid expired working correct right required reset missing lost forgotten unknown rejected "
    "the that this still too also now never always blocked locked broken refused changed gone and but because please "
    "with for being what which how why when where empty weak strong secure safe different same old new fine okay "
    "falsch nicht ungültig abgelaufen richtig vergessen gesperrt incorrecto incorrecta inválida incorrecte expiré "
    "expirée oublié perdu niet onjuist verkeerd errata sbagliata scaduta scaduto nie niepoprawne".split()
)
"""Words that follow "my password is" without being one."""


def _passwords(text: str, kinds: set[str]) -> str:
    return _replaced(text, _PASSWORD, "password", kinds, _is_secret)


def _is_secret(match: "re.Match[str]") -> bool:
    """After a colon almost anything is a secret; after "is" a last word; after nothing only what looks like one."""
    secret, link = match["secret"].rstrip(".,;!?)'’"), match["link"].strip()
    if len(secret) < 3 or secret.lower() in _NO_SECRET:
        return False
    mixed = any(sign.isdigit() for sign in secret) or re.search(r"\w[@#$%&*!?_+^~]|[a-z][A-Z]", secret) is not None
    if not link:
        return mixed and not re.fullmatch(r"\d{1,2}|https?:.*|.*@.*\..*", secret)
    if link.endswith((":", "=", ">", "→")):
        return True
    ends = (
        re.match(r"[.,;!?)'’]{0,3}\s*(?:\n|$|[.!?,;])", match.string[match.start("secret") + len(secret) :]) is not None
    )
    return mixed or ends


_NUMERIC_CODE = re.compile(
    r"\b(?:(?P<pin>pin(?:[ -]?(?:code|number|nummer))?|geheimzahl|code pin|codice pin|pincode)"
    r"|(?:one[ -]time|verification|security|login|log-in|sign-in|auth\w{0,12}|2fa|sms|otp|mfa)[ -]?"
    r"(?:pass)?(?:code|pin|password|number)"
    r"|otp|tan|einmal(?:code|passwort|kennwort)|bestätigungscode|verifizierungscode"
    r"|code de (?:vérification|confirmation)|código de verificación|codice di verifica|verificatiecode)\b"
    rf"(?:{_LINK}|[^\w\n\[]{{1,3}}){_QUOTE}(\d(?:[ -]?\d){{2,7}})(?![\d-])",
    re.IGNORECASE,
)


def _numeric_codes(text: str, kinds: set[str]) -> str:
    text = _replaced(text, _NUMERIC_CODE, "pin", kinds, lambda match: match["pin"] is not None)
    return _replaced(text, _NUMERIC_CODE, "code", kinds, lambda match: match["pin"] is None)


_TOKEN = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{1,10000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|(?<![\w-])(?:"
    r"eyJ[\w-]{8,4000}\.[\w-]{8,4000}(?:\.[\w-]{0,4000})?"
    r"|(?:sk|pk|rk)[-_][\w-]{16,200}|gh[pousr]_\w{20,255}|github_pat_\w{20,255}|glpat-[\w-]{20,64}|xox[abeprs]-[\w-]{10,200}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|hf_\w{30,64}|npm_\w{36}|whsec_\w{20,64}|SG\.[\w-]{16,64}\.[\w-]{16,64}"
    r")(?![\w-])"
)
_NAMED_TOKEN = re.compile(
    r"\b(?:api[ -_]?(?:key|token|secret)|access[ -_]?(?:key|token)|secret[ -_]?key|client[ -_]?secret|bearer"
    rf"|auth[ -_]?token)\b(?:{_LINK}|[^\S\n]{{1,3}}){_QUOTE}((?!\[)[\w+/=.~-]{{12,4000}})",
    re.IGNORECASE,
)


def _tokens(text: str, kinds: set[str]) -> str:
    text = _replaced(text, _TOKEN, "token", kinds, lambda match: True)
    return _replaced(text, _NAMED_TOKEN, "token", kinds, lambda match: any(sign.isdigit() for sign in match[1]))


def _replaced(
    text: str, pattern: "re.Pattern[str]", kind: str, kinds: set[str], is_secret: Callable[["re.Match[str]"], bool]
) -> str:
    """Replaces the last group of each match (or all of it) that is a secret."""

    def replacement(match: "re.Match[str]") -> str:
        if not is_secret(match):
            return match[0]
        kinds.add(kind)
        secret = match.groups()[-1] if match.re.groups else match[0]
        kept = secret.rstrip(".,;!?)'’") if kind == "password" else secret
        return match[0][: len(match[0]) - len(secret)] + f"[{kind}]" + secret[len(kept) :]

    return pattern.sub(replacement, text)


def _without(text: str, spans: list[Span], label: str) -> str:
    pieces: list[str] = []
    at = 0
    for span in spans:
        pieces += [text[at : span.start], label]
        at = span.end
    return "".join([*pieces, text[at:]])

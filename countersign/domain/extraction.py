"""Reads from a text what it names: orders, amounts, addresses, postcodes, promo codes. Pure and total."""

import re
from collections.abc import Iterable, Iterator

from countersign.domain.money import Money
from countersign.domain.perception import Entities

Found = Iterator[tuple[int, str]]
"""Where something stands, and its normal form."""

_ORDER_WORD = (
    r"(?:orders?|order-?id|bestell(?:ung|nummer|nr)|auftrags?(?:nummer|nr)?|commandes?|pedidos?|ordin[ei]|bestelling(?:en)?|"
    r"bestelnummer|zamówieni[ea]|encomendas?|beställning|ordrenummer|ordre|objednávk[auy]|rendelés|comand[aă]|tilaus)"
)
_NUMBER_WORD = (
    r"(?:[^\S\n]{0,2}(?:number|numbers|no|nr|num|nummer|numéro|número|numero|id|n\b|n°|nº|№|#|is|ist|:|\.|-)){0,3}"
)
_NAMED = re.compile(rf"\b{_ORDER_WORD}\b\.?{_NUMBER_WORD}[^\S\n]{{0,3}}#?(\d{{3,12}})(?!\d)", re.IGNORECASE)
_HASHED = re.compile(r"(?<!\w)#[^\S\n]?(\d{3,12})(?!\d)")


def entities(text: str, order_pattern: str) -> Entities:
    """Everything a cleaned text names, in order of appearance, without repeats.

    `order_pattern` is the desk's regular expression for order numbers: `FH-\\d{5,6}`. Orders are written the way it
    wants ("order 10023" is FH-10023); postcodes upper case with single spaces; addresses and codes in one case.
    """
    orders = list(_orders(text, order_pattern))
    return Entities(
        orders=_distinct(orders),
        amounts=tuple(dict.fromkeys(money for _, money in sorted(_amounts(text), key=lambda item: item[0]))),
        emails=_distinct((match.start(), match[0].lower()) for match in _EMAIL.finditer(text)),
        postcodes=_distinct(_postcodes(text, {start for start, _ in orders})),
        codes=_distinct(_codes(text, order_pattern)),
    )


def _distinct(found: Iterable[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for _, value in sorted(found)))


def _orders(text: str, order_pattern: str) -> Found:
    """Order numbers by where their digits begin."""
    wanted = re.compile(order_pattern, re.IGNORECASE)
    for match in wanted.finditer(text):
        digit = re.search(r"\d", match[0])
        yield match.start() + (digit.start() if digit else 0), match[0].upper()
    prefix, joint = _order_prefix(order_pattern)
    sloppy = re.compile(rf"(?<!\w){prefix}[^\S\n]?[-–—_#:/.]?[^\S\n]?(\d{{3,12}})(?!\d)", re.IGNORECASE)
    for pattern in (sloppy, _NAMED, _HASHED) if prefix else (_NAMED, _HASHED):
        for match in pattern.finditer(text):
            number = f"{prefix}{joint}{match[1]}".upper()
            if wanted.fullmatch(number):
                yield match.start(1), number


def _order_prefix(order_pattern: str) -> tuple[str, str]:
    """The letters and the joint that order numbers begin with: ("FH", "-")."""
    match = re.match(r"(?:\\b|\^|\()*([A-Za-z]{1,8})(\\?[-_/]?)", order_pattern)
    return (match[1], match[2].lstrip("\\")) if match else ("", "")


_CURRENCIES = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "usd": "USD",
    "gbp": "GBP",
}
_SIGN = r"(?:€|\$|£|\b(?:EUR|euros?|USD|GBP)\b)"
_NUMBER = r"\d{1,3}(?:[.,'’ \u00a0]\d{3}){1,2}(?:[.,]\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?P<before>{_SIGN})[^\S\n]?(?P<first>{_NUMBER})(?![\d])"
    rf"|(?<![\w.,#-])(?P<second>{_NUMBER})(?:,-|,–)?[^\S\n]?(?P<after>{_SIGN})",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?<![\w.,:/#+-])(\d{1,3}(?:[., ]\d{3})?[.,]\d{2})(?![\w:/%°-]|[.,]\d)")
_DAY = re.compile(r"(?:[012]?\d|3[01])\.(?:0\d|1[012])\.")
"""Looks like an amount before a full stop, but is the 12th of November."""
_NO_AMOUNT = re.compile(
    r"[^\S\n]?(?:[%°]|(?:uhr|h|am|pm|o'clock|kg|g|mg|m|cm|mm|km|l|ml|gb|mb|kb|inch|zoll|min|stunden|hours)\b)",
    re.IGNORECASE,
)


def _amounts(text: str) -> Iterator[tuple[int, Money]]:
    taken: set[int] = set()
    for match in _AMOUNT.finditer(text):
        taken.update(range(*match.span()))
        number, sign = match["first"] or match["second"], match["before"] or match["after"]
        yield match.start(), Money(amount=_minor(number), currency=_CURRENCIES[sign.lower()])
    for match in _BARE.finditer(text):
        is_other = _DAY.match(text, match.start()) or _NO_AMOUNT.match(text, match.end())
        if match.start() not in taken and not is_other:
            yield match.start(), Money(amount=_minor(match[1]))


def _minor(number: str) -> int:
    """Cents of "1.234,50", "1,234.50", "12,5" or "12"."""
    match = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", number)
    whole, cents = (match[1], match[2] or "") if match else (number, "")
    return int(re.sub(r"\D", "", whole)) * 100 + int(cents.ljust(2, "0"))


_EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9_][A-Za-z0-9._%+'-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}(?![\w-])"
)

_POSTCODE_WORD = r"(?:post ?code|zip(?: ?code)?|plz|postleitzahl|code postal|cp|código postal|cap|kod pocztowy|eircode)"
_UK = re.compile(r"(?<![\w-])([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})(?![\w-])", re.IGNORECASE)
_DUTCH = re.compile(r"(?<![\w-])([1-9]\d{3}) ?([A-Z]{2})(?![\w-])")
_DASHED = re.compile(r"(?<![\w-])(?:PL-|PT-)?(\d{2}-\d{3}|\d{4}-\d{3})(?![\w-])")
_SPACED = re.compile(r"(?<![\w.,-])(\d{3} \d{2})(?=,?[^\S\n]{1,2}[^\W\d_a-z])")
_IRISH = re.compile(r"(?<![\w-])([ACDEFHKNPRTVWXY](?:\d{2}|6W)) ?([0-9ACDEFHKNPRTVWXY]{4})(?![\w-])")
_FIVE = re.compile(r"(?<![\w#.,/+-])(?:(?:D|DE|F|FR|I|IT|E|ES|FI|EE)-)?(\d{5})(?![\w.,/-]?\d|[\w/%]|\s?(?:€|EUR))")
_FOUR = re.compile(
    r"(?<![\w#.,/+-])(?:(?:A|AT|CH|B|BE|DK|N|NO|H|HU|L|LU|LV|SI|BG)-(\d{4})(?!\w)|(\d{4})(?=[^\S\n]{1,2}[A-ZÄÖÜÅØÆÉ][a-zäöüßéèåøæ]{3,}))"
)
_NAMED_POSTCODE = re.compile(
    rf"\b{_POSTCODE_WORD}\b[^\w\n]{{0,3}}(?:(?:is|ist|est|es|è)[^\S\n]{{1,2}})?(\d{{4,5}})(?!\d)", re.IGNORECASE
)
_MONTH = re.compile(
    r"[^\S\n]{1,2}(?:Jan|Feb|M[aä]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[ck]t|Nov|De[cz]|Euro|EUR|Uhr|Punkt|Points|Items?|Times?)"
)


def _postcodes(text: str, ordered: set[int]) -> Found:
    for pattern in (_UK, _DUTCH, _IRISH):
        yield from ((match.start(), f"{match[1]} {match[2]}".upper()) for match in pattern.finditer(text))
    for pattern in (_DASHED, _SPACED, _NAMED_POSTCODE):
        yield from ((match.start(1), match[1]) for match in pattern.finditer(text))
    yield from ((match.start(1), match[1]) for match in _FIVE.finditer(text) if match.start(1) not in ordered)
    for match in _FOUR.finditer(text):
        if not ordered & {match.start(1), match.start(2)} and not _MONTH.match(text, match.end()):
            yield match.start(), match[1] or match[2]


_CODE_WORD = re.compile(
    r"\b(?:\w{0,20}code|codes|promo|promotion|voucher|coupon|gutschein|rabatt|discount|bon|kod|código|codigo|codice|"
    r"korting\w{0,10}|remise|réduction|descuento|sconto|rabat|zniżk\w{1,3})\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w@.-])[A-Za-z0-9][A-Za-z0-9_-]{2,23}(?![\w@-])")
_NEAR, _BESIDE = 40, 12
_NO_CODE = frozenset("CODE PROMO VOUCHER COUPON EUR USD GBP USA VAT HTML PDF URL FAQ ASAP IBAN BIC CVV PIN SMS".split())


def _codes(text: str, order_pattern: str) -> Found:
    """Words in capitals, or of letters and digits, near a word like "code"."""
    order = re.compile(order_pattern, re.IGNORECASE)
    for word in _CODE_WORD.finditer(text):
        for match in _CODE.finditer(text, max(0, word.start() - _NEAR)):
            if match.start() > word.end() + _NEAR:
                break
            between = (
                text[word.end() : match.start()] if match.start() >= word.end() else text[match.end() : word.start()]
            )
            if _is_code(match[0], between) and not order.fullmatch(match[0]):
                yield match.start(), match[0].upper()


def _is_code(word: str, between: str) -> bool:
    """Letters alone must be capitals right beside the word that announces them."""
    letters = sum(sign.isalpha() for sign in word)
    if word.upper() in _NO_CODE:
        return False
    if any(sign.isdigit() for sign in word):
        return letters >= 2 and len(word) >= 4
    return letters >= 4 and word == word.upper() and len(between) <= _BESIDE and not re.search(r"[.,;!?\n]", between)

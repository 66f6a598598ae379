"""Reads a new delivery address out of a text, conservatively: street, number, postcode and town, or nothing at all."""

import re

from countersign.domain.shop import Address

_COUNTRIES: dict[str, str] = {
    "AT": "Austria|Österreich", "BE": "Belgium|Belgien|België", "BG": "Bulgaria", "CH": "Switzerland|Schweiz|Suisse",
    "CY": "Cyprus", "CZ": "Czech Republic|Czechia", "DE": "Germany|Deutschland", "DK": "Denmark|Danmark",
    "EE": "Estonia", "ES": "Spain|España", "FI": "Finland|Suomi", "FR": "France",
    "GB": "United Kingdom|Great Britain|England|Scotland|Wales", "GR": "Greece", "HR": "Croatia|Hrvatska",
    "HU": "Hungary", "IE": "Ireland", "IT": "Italy|Italia", "LT": "Lithuania", "LU": "Luxembourg|Luxemburg",
    "LV": "Latvia", "MT": "Malta", "NL": "Netherlands|Nederland|Holland", "NO": "Norway|Norge",
    "PL": "Poland|Polska", "PT": "Portugal", "RO": "Romania", "SE": "Sweden|Sverige", "SI": "Slovenia",
    "SK": "Slovakia", "US": "United States|USA",
}  # fmt: skip
UNION_COUNTRIES = r"\b(?:" + "|".join(_COUNTRIES[c] for c in _COUNTRIES if c not in ("CH", "GB", "NO", "US")) + r")\b"
"""A pattern of the names of European Union countries."""
_POSTCODES: dict[str, str] = {
    **dict.fromkeys(("AT", "BE", "BG", "CH", "CY", "DK", "HU", "LU", "NO", "SI"), r"[0-9]{4}"),
    **dict.fromkeys(("DE", "EE", "ES", "FI", "FR", "HR", "IT"), r"[0-9]{5}"),
    **dict.fromkeys(("CZ", "GR", "SE", "SK"), r"[0-9]{3} ?[0-9]{2}"),
    "GB": r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}",
    "IE": r"[A-Z][0-9]{2} ?[0-9A-Z]{4}",
    "NL": r"[0-9]{4} ?[A-Z]{2}",
    "PL": r"[0-9]{2}-[0-9]{3}",
    "PT": r"[0-9]{4}-[0-9]{3}",
}
_POSTCODE = "(?:" + "|".join(sorted(set(_POSTCODES.values()), key=len, reverse=True)) + ")"
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w'’.-]{0,30}"
_SMALL = r"(?:ul\.|am|an|auf|de|del|dei|della|der|des|di|do|da|das|du|den|van|la|le|les|im|in|zum|zur|the|of)(?!\w)"
_KIND = r"(?:rue|avenue|place|boulevard|via|corso|piazza|calle|rua|ulica|allée|chemin)"
_NAME = rf"(?:{_CAPITAL}|{_KIND}|{_SMALL})(?: (?:{_CAPITAL}|{_SMALL})){{0,4}}"
_HOUSE = r"[0-9]{1,4} ?[a-zA-Z]?(?:[/-][0-9]{1,4})?(?![0-9A-Za-z])"
_STREET = rf"(?:{_NAME},? {_HOUSE}|(?<![0-9]){_HOUSE},? {_NAME})"
_PLACE = r"(?:St\. )?[^\W\d_a-zß-öø-ÿ][\w'’-]{1,30}"
_TOWN = rf"{_PLACE}(?:[ ](?:{_PLACE}|{_SMALL} {_PLACE})){{0,3}}"
_GAP = r"[ ]{0,3}(?:,|;|\n|,\n)[ ]{0,3}"
_PATTERNS = (
    re.compile(rf"(?P<street>{_STREET}){_GAP}(?:[A-Z]{{1,2}}-)?(?P<postcode>{_POSTCODE}),? (?P<city>{_TOWN})"),
    re.compile(rf"(?P<street>{_STREET}){_GAP}(?P<city>{_TOWN}),?[ \n]{{1,3}}(?P<postcode>{_POSTCODE})(?![0-9A-Za-z])"),
)
_MOST_READ = 4_000


def address_in(text: str, present: Address) -> Address | None:
    """The one complete address that a text gives besides the present one; None where it gives none or several.

    The name and the country stay those of the present address.
    """
    matches = [match for pattern in _PATTERNS for match in pattern.finditer(text[:_MOST_READ])]
    found = {_key(address): address for address in (_read(match, present) for match in matches)}
    others = [address for key, address in found.items() if key != _key(present)]
    if len(others) == 1:
        return others[0]
    return present if found and not others else None


def fits_country(address: Address) -> bool:
    """Whether the postcode has the form that the address's country uses; any form where that is not known."""
    return re.fullmatch(_POSTCODES.get(address.country, r".{3,10}"), address.postcode) is not None


def names_other_country(text: str, country: str) -> bool:
    """Whether a text names a country other than the order's."""
    others = "|".join(names for code, names in _COUNTRIES.items() if code != country)
    return re.search(rf"\b(?:{others})\b", text) is not None


def _read(match: re.Match[str], present: Address) -> Address:
    parts = {name: " ".join(value.split()).strip(" .,") for name, value in match.groupdict().items()}
    return Address(name=present.name, country=present.country, **parts)


def _key(address: Address) -> tuple[str, str]:
    return " ".join(address.street.lower().replace(",", " ").split()), address.postcode.replace(" ", "").upper()

"""Which language a text is in, or that it is too short to tell."""

from functools import lru_cache
from typing import Protocol, cast

UNDETERMINED = "und"
_CANDIDATES = "ar cs da de el en es fi fr hu it ja ko nl no pl pt ro ru sv tr uk zh"
_EXPECTED = "en"
_EXPECTED_FLOOR = 0.4
_OTHER_FLOOR = 0.7
"""Short English tickets score from 0.4 ("pls cancel"); other languages in one short sentence score above 0.7."""
_MOST_READ = 2_000


class _Identifier(Protocol):
    def set_languages(self, langs: list[str]) -> None: ...
    def classify(self, text: str) -> tuple[str, float]: ...


def language_of(text: str) -> str:
    """The text's language (ISO 639-1), or `und` where there is too little to tell."""
    sample = text[:_MOST_READ]
    if sum(character.isalpha() for character in sample) < 3:
        return UNDETERMINED
    code, probability = _identifier().classify(sample)
    floor = _EXPECTED_FLOOR if code == _EXPECTED else _OTHER_FLOOR
    return code if probability >= floor else UNDETERMINED


@lru_cache(maxsize=1)
def _identifier() -> _Identifier:
    from py3langid import langid  # pyright: ignore[reportMissingTypeStubs]  untyped library

    identifier = cast(
        "_Identifier",
        langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True),  # pyright: ignore[reportUnknownMemberType]  untyped library
    )
    identifier.set_languages(list(_CANDIDATES.split()))
    return identifier

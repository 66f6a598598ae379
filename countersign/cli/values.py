"""The reading of the ledger's JSON values, as the commands use it."""

from countersign.display.values import each, inner, intents, pairs, text, texts

__all__ = ["each", "inner", "intents", "pairs", "text", "texts"]

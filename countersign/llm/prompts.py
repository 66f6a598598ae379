"""The prompts: Markdown files of the desk, and the shipped ones where a desk has none of its own."""

from collections.abc import Sequence
from pathlib import Path

from countersign.domain.errors import DeskError


class Prompts:
    """Reads `NAME.md` from the first of some folders that has it; safe to share between threads."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._texts: dict[str, str] = {}

    def text(self, name: str) -> str:
        """The prompt. Raises DeskError where no folder has it, or it can't be read."""
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def _read(self, name: str) -> str:
        place = next((place for folder in self._folders if (place := folder / f"{name}.md").is_file()), None)
        if place is None:
            where = str(self._folders[0] / f"{name}.md") if self._folders else f"{name}.md"
            raise DeskError("the prompt is missing", where=where, hint="copy it from a fresh desk (init)")
        try:
            return place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DeskError("the prompt can't be read", where=str(place), hint="save it as UTF-8") from error

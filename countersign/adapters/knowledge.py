"""The help centre: Markdown articles in a folder, cut into sections and searched with SQLite's full-text index."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from countersign.domain.errors import DeskError
from countersign.domain.facts import Passage
from countersign.domain.frozen import Frozen

MOST_TERMS = 64
"""Words of a query that are searched for; a customer's mail can be long."""
TITLE_WEIGHT, SECTION_WEIGHT, TEXT_WEIGHT = 1.5, 3.0, 1.0
"""How much a word counts in bm25, by where it stands."""

_WORD = re.compile(r"[^\W_]+")
_NOT_WORD = re.compile(r"[\W_]+")
_TITLE = "# "
_SECTION = "## "
_EMPTY_WORDS = frozenset(
    "a an and any are as at be been but by can could did do does for from get got had has have he hello "
    "hi how i if in is it its just me my no not of on or our please she so some than thank thanks that "
    "the their them then there these they this to was we were what when where which who why will with "
    "would you your".split()
)
_CREATE = (
    "CREATE VIRTUAL TABLE section USING fts5(title, heading, text, article UNINDEXED, tokenize='porter unicode61')"
)
_SEARCH = """
SELECT article, title, heading, text, -bm25(section, ?, ?, ?) AS score
FROM section WHERE section MATCH ? ORDER BY score DESC, rowid LIMIT ?
"""


class Section(Frozen):
    """One section of an article. `article` is the file's name without its ending."""

    article: str
    title: str
    heading: str
    text: str

    @property
    def anchor(self) -> str:
        """The heading as the last part of a link."""
        return anchor(self.heading)


class FtsKnowledge:
    """Searches the articles of a folder, indexed in memory when it is built; safe to share between threads.

    Raises DeskError naming file and line where the folder has no articles or one is malformed.
    """

    def __init__(self, folder: Path) -> None:
        self.sections = read_articles(folder)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(_CREATE)
        rows = [(section.title, section.heading, section.text, section.article) for section in self.sections]
        self._database.executemany("INSERT INTO section (title, heading, text, article) VALUES (?, ?, ?, ?)", rows)

    def search(self, query: str, limit: int = 5) -> tuple[Passage, ...]:
        """Sections nearest to any text, best first and always in the same order; empty where no word of it is known."""
        terms = _terms(query)
        if not terms or limit < 1:
            return ()
        match = " OR ".join(f'"{term}"' for term in terms)
        with self._lock:
            rows = self._database.execute(_SEARCH, (TITLE_WEIGHT, SECTION_WEIGHT, TEXT_WEIGHT, match, limit)).fetchall()
        return tuple(
            Passage(article=article, title=title, section=heading, text=text, score=round(score, 6))
            for article, title, heading, text, score in rows
        )

    def close(self) -> None:
        """Frees the index."""
        self._database.close()


def anchor(heading: str) -> str:
    """A heading's link: lower case, with a hyphen for whatever is neither letter nor digit."""
    return _NOT_WORD.sub("-", heading.lower()).strip("-")


def read_articles(folder: Path) -> tuple[Section, ...]:
    """The sections of every `*.md` in the folder, by file name and then in order."""
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise DeskError("no articles", where=str(folder), hint="put Markdown files with a title and sections there")
    return tuple(section for path in paths for section in read_article(path))


def read_article(path: Path) -> tuple[Section, ...]:
    """The sections of one article. Raises DeskError naming file and line where title or sections are malformed."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DeskError("can't be read as UTF-8 text", where=str(path), hint="save it as UTF-8") from error
    title = lines[0].removeprefix(_TITLE).strip() if lines and lines[0].startswith(_TITLE) else ""
    if not title:
        raise _malformed(path, 1, "an article starts with its title", "write '# Title' in the first line")
    return tuple(_sections(path, title, lines))


def _sections(path: Path, title: str, lines: list[str]) -> Iterator[Section]:
    starts = [number for number, line in enumerate(lines) if line.startswith(_SECTION) or line.strip() == "##"]
    if not starts or any(line.strip() for line in lines[1 : starts[0]]):
        raise _malformed(path, 2, "the title is followed by a section", "write '## Heading' before the text")
    seen: set[str] = set()
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        heading = lines[start].removeprefix("##").strip()
        text = "\n".join(lines[start + 1 : end]).strip()
        if not anchor(heading) or not text:
            raise _malformed(path, start + 1, "a section has a heading and a text", "fill it in or take it out")
        if anchor(heading) in seen:
            raise _malformed(path, start + 1, f"the heading '{heading}' stands twice", "rename one of the two")
        seen.add(anchor(heading))
        yield Section(article=path.stem, title=title, heading=heading, text=text)


def _malformed(path: Path, line: int, message: str, hint: str) -> DeskError:
    return DeskError(message, where=f"{path}:{line}", hint=hint)


def _terms(query: str) -> list[str]:
    words = dict.fromkeys(word.lower() for word in _WORD.findall(query))
    return [word for word in words if word not in _EMPTY_WORDS][:MOST_TERMS]

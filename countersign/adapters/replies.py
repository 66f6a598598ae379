"""Reply templates: Jinja2 in a sandbox, plain text, every variable required."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from countersign.domain.desk import Desk
from countersign.domain.errors import DeskError
from countersign.domain.frozen import Frozen
from countersign.domain.plan import ReplyPart

LETTER = "letter"
"""The template that wraps the parts; it is given `parts`, `name`, `ticket` and `desk`."""
LETTER_VALUES = frozenset({"parts", "name", "ticket", "desk"})
_NEXT_STEP = "correct the template, or have the playbook give what it needs"


class TemplateProblem(Frozen):
    """Something that is wrong with a template; `line` counts from 1, 0 where it is about the whole file."""

    template: str
    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A template's text and where it stands; `first` is the line of the file on which the text begins."""

    name: str
    text: str
    file: Path
    first: int = 1

    def place(self, line: int) -> str:
        return f"{self.file}:{self.first + line - 1}"


class TemplateReplies:
    """Implements `ports.Replies` over `replies/<language>/<name>.md` and the inline replies of `requests/*.toml`.

    Inline replies belong to the desk's first language. A language that the desk does not list is answered in the
    first one. Raises DeskError, naming file and line, where a template can't be parsed.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._environment = _environment()
        self._sources = {(language, s.name): s for language, s in _sources(desk)}
        for source in self._sources.values():
            _parsed(self._environment, source)

    def render(self, part: ReplyPart, language: str) -> str:
        """The part's text. Raises DeskError where the template is missing or needs a value that is not given."""
        return self._fill(part.template, part.values, language)

    def letter(self, parts: tuple[str, ...], name: str, ticket: str, language: str) -> str:
        """Greeting, parts and closing as one text. `name` may be empty. Raises DeskError as `render` does."""
        mail = self._desk.settings.mail
        return self._fill(LETTER, {"parts": list(parts), "name": name, "ticket": ticket, "desk": mail.name}, language)

    def needed(self, template: str, language: str) -> frozenset[str]:
        """The names of the values a template needs. Raises DeskError where it is missing."""
        return frozenset(find_undeclared_variables(_parsed(self._environment, self._source(template, language))))

    def names(self, language: str) -> tuple[str, ...]:
        """All templates of a language, sorted, without the letter."""
        return tuple(sorted(name for tongue, name in self._sources if tongue == language and name != LETTER))

    def texts(self) -> dict[str, str]:
        """Every template's text, by `language/name`."""
        return {f"{language}/{name}": source.text for (language, name), source in self._sources.items()}

    def _source(self, template: str, language: str) -> _Source:
        languages = self._desk.settings.languages
        source = self._sources.get((language if language in languages else languages[0], template))
        if source is None:
            folder = self._desk.folder / "replies" / language
            raise DeskError(
                f"there is no reply template {template!r} in {language!r}",
                where=str(folder),
                hint=f"write {folder / template}.md, or an inline reply in requests/*.toml",
                detail="template",
            )
        return source

    def _fill(self, template: str, values: Mapping[str, str | list[str]], language: str) -> str:
        source = self._source(template, language)
        tree = _parsed(self._environment, source)
        missing = sorted(find_undeclared_variables(tree) - set(values))
        if missing:
            raise _fault(source, _line_of(tree, missing[0]), f"the template needs {', '.join(missing)}")
        try:
            text = self._environment.from_string(tree).render(values)
        except (TemplateError, TypeError) as error:
            raise _fault(source, 1, f"the template can't be filled: {type(error).__name__}") from error
        return re.sub(r"\n{3,}", "\n\n", text).strip()


def check_templates(desk: Desk) -> tuple[TemplateProblem, ...]:
    """Everything wrong with the desk's templates: they parse, state no number of their own, and each language has all.

    Numbers must come as values, because only a value has a fact behind it. Raises DeskError where files can't be read.
    """
    environment = _environment()
    sources = [(language, source) for language, source in _sources(desk)]
    faults = [problem for _, source in sources for problem in _faults(environment, source)]
    return (*faults, *_absent(desk, {(language, source.name) for language, source in sources}))


def _faults(environment: ImmutableSandboxedEnvironment, source: _Source) -> Iterator[TemplateProblem]:
    try:
        tree = environment.parse(source.text)
    except TemplateSyntaxError as error:
        yield _problem(source, error.lineno, f"it can't be parsed: {error.message}")
        return
    for data in tree.find_all(nodes.TemplateData):
        if re.search(r"\d", data.data):
            yield _problem(source, data.lineno, "it states a number of its own: pass it as a value with a fact")
    if source.name == LETTER:
        for name in sorted(find_undeclared_variables(tree) - LETTER_VALUES):
            yield _problem(source, _line_of(tree, name), f"a letter is never given {name!r}")


def _absent(desk: Desk, have: set[tuple[str, str]]) -> Iterator[TemplateProblem]:
    for language in desk.settings.languages:
        for name in sorted({LETTER} | {name for _, name in have}):
            if (language, name) not in have:
                file = desk.folder / "replies" / language / f"{name}.md"
                yield TemplateProblem(template=name, file=str(file), line=0, text=f"it is missing in {language!r}")


def _problem(source: _Source, line: int, text: str) -> TemplateProblem:
    return TemplateProblem(template=source.name, file=str(source.file), line=source.first + line - 1, text=text)


def _environment() -> ImmutableSandboxedEnvironment:
    """No globals, no escaping (replies are plain text), and no value may be left out."""
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    return environment


def _parsed(environment: ImmutableSandboxedEnvironment, source: _Source) -> nodes.Template:
    try:
        return environment.parse(source.text)
    except TemplateSyntaxError as error:
        raise _fault(source, error.lineno, f"the template can't be parsed: {error.message}") from error


def _line_of(tree: nodes.Template, name: str) -> int:
    return next((node.lineno for node in tree.find_all(nodes.Name) if node.name == name), 1)


def _fault(source: _Source, line: int, text: str) -> DeskError:
    return DeskError(text, where=source.place(line), hint=_NEXT_STEP, detail="template")


def _sources(desk: Desk) -> Iterator[tuple[str, _Source]]:
    """Every template with its language. Raises DeskError where one can't be read or a name is taken twice."""
    seen: dict[tuple[str, str], Path] = {}
    for language, source in (*_files(desk), *_inline(desk)):
        first = seen.setdefault((language, source.name), source.file)
        if first != source.file:
            raise DeskError(f"the reply {source.name!r} is also in {first}", where=str(source.file), detail="template")
        yield language, source


def _files(desk: Desk) -> Iterator[tuple[str, _Source]]:
    for language in desk.settings.languages:
        for file in sorted((desk.folder / "replies" / language).glob("*.md")):
            yield language, _Source(file.stem, _read(file), file)


def _inline(desk: Desk) -> Iterator[tuple[str, _Source]]:
    for file in sorted((desk.folder / "requests").glob("*.toml")):
        text = _read(file)
        for name, reply in _replies_in(file, text).items():
            yield desk.settings.languages[0], _Source(name, reply, file, _first_line(text, name))


def _replies_in(file: Path, text: str) -> dict[str, str]:
    """The `[<request>.replies]` tables of one file as one mapping."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeskError(f"it is not TOML: {error}", where=str(file), detail="toml") from error
    found: dict[str, str] = {}
    for request, table in tables.items():
        if isinstance(table, dict):
            found |= _checked(file, request, cast("dict[str, object]", table).get("replies", {}))
    return found


def _checked(file: Path, request: str, replies: object) -> dict[str, str]:
    where = f"{file}: [{request}.replies]"
    if not isinstance(replies, dict):
        raise DeskError("it must be a table of templates", where=where, detail="template")
    table = cast("dict[str, object]", replies)
    for name, text in table.items():
        if not isinstance(text, str):
            raise DeskError(f"{name} must be a text", where=where, detail="template")
    return cast("dict[str, str]", table)


def _first_line(text: str, name: str) -> int:
    """The line of a TOML file on which an inline template's text begins; a multi-line text begins after its quotes."""
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
            return number + (1 if line.rstrip().endswith(('"""', "'''")) else 0)
    return 1


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeskError(f"it can't be read: {error}", where=str(file), detail="file") from error

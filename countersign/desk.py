"""Loads and validates a desk folder; every problem is a DeskError that names file, line and the next step."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from countersign.domain.desk import Desk, DeskSettings, Example, Person, Request
from countersign.domain.errors import DeskError
from countersign.domain.frozen import Frozen, digest
from countersign.domain.plan import Kind

PROMPTS = ("critic", "resolver")
"""Prompts that every desk has: the agent's, and that of the model which looks over its shoulder."""
_Model = TypeVar("_Model", bound=BaseModel)
_ANY_NAME = re.compile(r"(?s).*")
_REQUEST_NAME = re.compile(r"(?!none\Z)[a-z][a-z0-9_]{0,63}")
_LINK = re.compile(r"https?://[^/\s]+/\S*")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


class _RequestTable(Frozen):
    """One table of requests/<category>.toml."""

    title: str
    examples: tuple[str, ...] = ()
    replies: dict[str, str] = Field(default_factory=dict)


def load_desk(folder: Path) -> Desk:
    """The desk of a folder: desk.toml, people.toml, requests/*.toml, prompts/*.md, policy.cedar, policy.cedarschema.

    Raises DeskError for the first thing that is missing or wrong. Kinds without a phase are `bounded`. The policy's
    text is taken as it is: `countersign.policy` reads it.
    """
    if not folder.is_dir():
        raise DeskError("there is no such folder", where=str(folder), hint="name a desk folder, or copy one with init")
    settings = _settings(folder / "desk.toml")
    requests = _requests(folder)
    people = _people(folder / "people.toml")
    prompts = _prompts(folder / "prompts")
    policy, schema = _read(folder / "policy.cedar"), _read(folder / "policy.cedarschema")
    return Desk(
        folder=folder,
        settings=settings,
        requests=requests,
        people=people,
        prompts=prompts,
        policy=policy,
        policy_schema=schema,
        digest=digest([settings, requests, people, prompts, policy, schema]),
    )


def examples(desk: Desk) -> tuple[Example, ...]:
    """Every labelled example: those in requests/*.toml, then examples/*.jsonl, one JSON object a line.

    Raises DeskError where a line is no example, or names a request that no file of requests/ declares.
    """
    inline = [
        Example(text=text, request=request)
        for path in _request_files(desk.folder)
        for request, table in tables(path, _RequestTable, _REQUEST_NAME).items()
        for text in table.examples
    ]
    lines = [found for path in sorted(desk.folder.glob("examples/*.jsonl")) for found in _example_lines(path, desk)]
    return (*inline, *lines)


def _settings(path: Path) -> DeskSettings:
    text = _read(path)
    data = _toml(path, text)
    phases = data.get("phases", {})
    if isinstance(phases, dict):
        data["phases"] = dict.fromkeys(get_args(Kind), "bounded") | phases
    settings = _model(DeskSettings, data, path, text)
    for keys, problem, hint in _setting_problems(settings):
        raise DeskError(problem, where=f"{path}:{_line(text, keys)}", hint=hint)
    return settings


def _setting_problems(settings: DeskSettings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Key, problem and next step of everything that the types alone don't rule out."""
    try:
        re.compile(settings.order_pattern)
    except re.error as error:
        yield ("order_pattern",), f"the pattern is no regular expression: {error}", "write it in single quotes"
    if not re.fullmatch(r"[A-Z]{3}", settings.currency):
        yield ("currency",), "a currency is three capital letters", 'for instance currency = "EUR"'
    if not settings.languages:
        yield ("languages",), "no language is named", 'for instance languages = ["en"]'
    for address in (settings.mail.address, *settings.mail.own_addresses):
        if not _ADDRESS.fullmatch(address):
            yield ("mail", "address"), f"`{address}` is no address", "write name@host, without a display name"
    yield from _link_problems(settings)


def _link_problems(settings: DeskSettings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    for key, links in (("site", (settings.site,)), ("links", settings.links)):
        for link in links:
            if not _LINK.fullmatch(link):
                yield (key,), f"`{link}` is no start of a link", "write scheme, host and a slash: https://shop.example/"
    for carrier, link in settings.tracking.items():
        if not link.startswith(settings.links):
            yield ("tracking", carrier), f"`{link}` begins with none of `links`", "add its site to `links`"


def _requests(folder: Path) -> dict[str, Request]:
    found: dict[str, Request] = {}
    for path in _request_files(folder):
        for request, table in tables(path, _RequestTable, _REQUEST_NAME).items():
            if request in found:
                where = f"{path}:{_line(_read(path), (request,))}"
                hint = f"rename it here or in requests/{found[request].category}.toml"
                raise DeskError(f"request `{request}` is declared twice", where=where, hint=hint)
            found[request] = Request(id=request, category=path.stem, title=table.title)
    if not found:
        raise DeskError("no request is declared", where=str(folder / "requests"), hint="add requests/<category>.toml")
    return found


def _request_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("requests/*.toml"))


def _prompts(folder: Path) -> dict[str, str]:
    """Every prompt that is needed, and whatever others there are; an empty one is an error."""
    found = {path.stem: _read(path).strip() for path in sorted(folder.glob("*.md"))}
    for name in PROMPTS:
        if not found.get(name):
            path = folder / f"{name}.md"
            _read(path)
            raise DeskError("the prompt is empty", where=f"{path}:1", hint="copy it from a fresh desk (init)")
    return found


def _people(path: Path) -> dict[str, Person]:
    text = _read(path)
    tables = _toml(path, text).items()
    return {name: _model(Person, _named(path, text, name, row), path, text, (name,)) for name, row in tables}


def _named(path: Path, text: str, name: str, row: object) -> object:
    """The table with its name as the id, which the table itself may not set."""
    if not isinstance(row, dict) or "id" in row:
        where = f"{path}:{_line(text, (name, 'id'))}"
        raise DeskError(f"`{name}` is no person's table", where=where, hint="write [id], then name, roles and limits")
    return {**cast("dict[str, object]", row), "id": name}


def _example_lines(path: Path, desk: Desk) -> Iterator[Example]:
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            example = Example.model_validate_json(line, strict=True)
        except ValidationError as error:
            hint = 'write {"text": "...", "request": "..."} on one line'
            raise DeskError(_first(error)[1], where=where, hint=hint) from None
        if example.request != "none" and example.request not in desk.requests:
            hint = "declare it in requests/<category>.toml, or write none"
            raise DeskError(f"there is no request `{example.request}`", where=where, hint=hint)
        yield example


def tables(path: Path, model: type[_Model], named: "re.Pattern[str]" = _ANY_NAME) -> dict[str, _Model]:
    """Every table of a TOML file as a model, by name, in order. Raises DeskError naming file, line and key."""
    text = _read(path)
    found: dict[str, _Model] = {}
    for name, value in _toml(path, text).items():
        if not named.fullmatch(name):
            where = f"{path}:{_line(text, (name,))}"
            raise DeskError(f"`{name}` can't be a name here", where=where, hint="use small letters, digits and _")
        found[name] = _model(model, value, path, text, (name,))
    return found


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DeskError("the file is not UTF-8", where=f"{path}:{line}", hint="save it as UTF-8") from None
    except FileNotFoundError:
        raise DeskError("the file is missing", where=str(path), hint="copy it from a fresh desk (init)") from None
    except OSError as error:
        raise DeskError(f"the file can't be read: {error.strerror}", where=str(path), hint="check the path") from None


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at ")
        found = re.match(r"line (\d+)", place)
        line = int(found[1]) if found else text.count("\n") + 1
        raise DeskError(f"not valid TOML: {message}", where=f"{path}:{line}", hint="correct this line") from None


def _model(model: type[_Model], data: object, path: Path, text: str, above: tuple[str, ...] = ()) -> _Model:
    """Data as a model, strictly: a number in quotes is not a number."""
    try:
        return TypeAdapter(model).validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        keys, problem = _first(error)
        keys = (*above, *keys)
        where = f"{path}:{_line(text, keys)}"
        raise DeskError(f"{'.'.join(keys)}: {problem}", where=where, hint="correct or remove this key") from None


def _first(error: ValidationError) -> tuple[tuple[str, ...], str]:
    """Where the first error is, without pydantic's own marks, and what it says; never the value itself."""
    first = error.errors(include_url=False, include_input=False)[0]
    keys = tuple(str(part) for part in first["loc"] if part != "[key]")
    return keys, first["msg"].replace("Extra inputs are not permitted", "there is no such key")


def _line(text: str, keys: tuple[str, ...]) -> int:
    """The line (from 1) where a key, or the nearest table around it, is written."""
    best, depth, table = 1, 0, cast("tuple[str, ...]", ())
    for number, line in enumerate(text.split("\n"), start=1):
        header = re.match(r"\s*\[+([^\[\]]+)\]+\s*(#.*)?$", line)
        entry = re.match(r"\s*([\w.-]+|\"[^\"]*\"|'[^']*')\s*=", line)
        if header:
            table = _names(header[1])
        path = table if header else (*table, *_names(entry[1])) if entry else ()
        if len(path) > depth and path == keys[: len(path)]:
            best, depth = number, len(path)
    return best


def _names(dotted: str) -> tuple[str, ...]:
    parts: list[str] = re.findall(r"\"[^\"]*\"|'[^']*'|[^.\"']+", dotted)
    return tuple(part.strip().strip("\"'") for part in parts if part.strip())


__all__ = ["examples", "load_desk", "tables"]

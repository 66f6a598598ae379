"""Reads tables out of the source: what fields are documented as, and which codes are raised where."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("countersign", "graphs", "nodes", "tools", "checkpoints")
_TEXTS = ("text", "reason", "message")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a class as its source has it."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Said:
    """A call that names a stable code: what is called, the code, its text (… where a value stands), the file."""

    name: str
    code: str
    text: str
    file: str


def fields_of(cls: type) -> tuple[Field, ...]:
    """The fields that a class declares itself, each with the text below it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    return tuple(_fields(tree.body)) if isinstance(tree, ast.ClassDef) else ()


def constants_of(module: object) -> tuple[Field, ...]:
    """The module's constants that have a text below them; the type is the value's text."""
    body = ast.parse(inspect.getsource(module)).body  # pyright: ignore[reportArgumentType]  a module
    pairs = zip(body, [*body[1:], None], strict=True)
    return tuple(
        Field(node.targets[0].id, ast.unparse(node.value), _string(after) or "")
        for node, after in pairs
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _string(after)
    )


def said() -> tuple[Said, ...]:
    """Every call with a constant `code` or `detail`, by file and line."""
    files = (path for package in _PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return tuple(found for path in files for found in _said_in(path))


def first_sentence(text: str | None) -> str:
    """The first paragraph's first sentence, on one line."""
    paragraph = " ".join((text or "").strip().partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")


def plain_type(annotation: str) -> str:
    """An annotation without its bounds: `Annotated[int, Field(ge=1)]` is `int`."""
    return re.sub(r"Annotated\[(.+?), Field\([^)]*\)\]", r"\1", annotation)


def _fields(body: list[ast.stmt]) -> Iterator[Field]:
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield Field(node.target.id, ast.unparse(node.annotation), " ".join((_string(after) or "").split()))


def _string(node: ast.stmt | None) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return None


def _said_in(path: Path) -> Iterator[Said]:
    file = str(path.relative_to(ROOT))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        texts = [given[key] for key in _TEXTS if key in given] or node.args[:1]
        for code in (_literal(given.get(key)) for key in ("code", "detail")):
            if code:
                yield Said(name, code, _sentence(texts[0]) if texts else "", file)


def _literal(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _sentence(node: ast.expr) -> str:
    """A text as the source has it, with … for what is filled in when it runs."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) or "…" for part in node.values)
    return _literal(node) or "…"

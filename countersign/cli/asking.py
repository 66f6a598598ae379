"""Asks a person at the terminal what they answer to a review."""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.prompt import Prompt
from rich.text import Text

from countersign.cli.style import console, line
from countersign.domain.review import Reply

_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
_NOTHING = "nothing"
_END_OF_TEXT = "."


def ask_for_reply(
    choices: Sequence[str], editable: Mapping[str, object], person: str, people: Sequence[str], editor: str
) -> tuple[Reply | None, str]:
    """The answer, and the person who gives it. Raises EOFError where the input ends first."""
    who = person or _prompt("Who are you?", people)
    while True:
        choice = _prompt("Your answer", (*choices, _NOTHING), _NOTHING)
        if choice == _NOTHING:
            return None, who
        try:
            return _REPLY.validate_python(_value(choice, editable, editor)), who
        except (ValidationError, ValueError, OSError) as error:
            console(stderr=True).print(Text(f"That can't be taken: {_why(error)}", style="red"))


def _value(choice: str, editable: Mapping[str, object], editor: str) -> dict[str, object]:
    """What is asked for each kind of answer."""
    match choice:
        case "reject":
            return {"type": "reject", "reason": _line("Why not?")}
        case "answer":
            return {"type": "answer", "text": _text()}
        case "edit":
            return {"type": "edit", **_edited(editable, editor), "note": _line("A note, or nothing")}
        case _:
            return {"type": choice.replace(" ", "_"), "note": _line("A note, or nothing")}


def _edited(editable: Mapping[str, object], editor: str) -> dict[str, object]:
    """The proposals and the reply as the person leaves them in their editor, as JSON."""
    before = json.dumps(editable, indent=2, ensure_ascii=False)
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        file = Path(folder) / "review.json"
        file.write_text(before, encoding="utf-8")
        if subprocess.run([*shlex.split(editor), str(file)], check=False).returncode:
            raise ValueError(f"the editor {editor!r} failed")
        value: object = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError("the file must hold one JSON object")
    return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  validated by the caller


def _text() -> str:
    """Lines up to one with a single full stop."""
    console().print(f"Your reply; end it with a line that holds only {_END_OF_TEXT!r}")
    lines: list[str] = []
    while (said := input()) != _END_OF_TEXT:
        lines.append(said)
    return "\n".join(lines)


def _line(question: str) -> str:
    return Prompt.ask(Text(question), console=console(), default="", show_default=False).strip()


def _prompt(question: str, choices: Sequence[str], default: str | None = None) -> str:
    names = Text(f"{question} ({', '.join(choices)})")
    while True:
        said = Prompt.ask(names, console=console(), default=default or "", show_default=False).strip()
        if said in choices:
            return said
        if not said and default:
            return default
        console(stderr=True).print(Text(f"{line(said, 40) or 'Nothing'} is none of them.", style="red"))


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"
    return line(str(error), 200)

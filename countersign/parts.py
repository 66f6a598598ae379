"""What a turn is handled with, by name and digest: what is kept beside each turn, so that a replay can name a change.

A name is `kind:name`: `rule:refund.small`, `template:en/parcel_late`, `playbook:cancel_order`, `node:draft`,
`code:tools.context`, `prompt:resolver.md`, `setting:windows`, `triage:model`, `graph:shape`.
"""

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from countersign.domain.desk import Desk
from countersign.domain.frozen import digest
from countersign.policy.rules import read_rules
from graphs.catalog import NODES
from graphs.support import fingerprint
from nodes.reason.playbooks.case import handlers

PROMPTS = "prompts"
"""The folder of a desk whose Markdown files are prompts; any Markdown file beside the code is one, too."""
_CODE = ("nodes", "tools", "graphs", "countersign/domain", "countersign/policy", "countersign/quality")
"""What decides. The rest reads, keeps and shows; what it reads stands in the journal."""
_ALSO = ("countersign/adapters/replies.py",)
_ROOT = Path(__file__).resolve().parents[1]
_INSTALLED = "desk_data"
"""Where an installed package has the demonstration desk: its Markdown is help centre and replies."""
_SHORT = 16


def parts_of(desk: Desk, templates: Mapping[str, str], triage: str) -> dict[str, str]:
    """Everything in use, by name, with its digest. `templates` are texts by name, `triage` is the model's digest."""
    return dict(
        [
            ("graph:shape", fingerprint()),
            ("triage:model", triage[:_SHORT]),
            *((f"template:{name}", _short(text)) for name, text in templates.items()),
            *_policy(desk),
            *_settings(desk),
            *_code(),
            *_prompts(desk.folder / PROMPTS),
            *(found for folder in ("countersign", *_CODE[:3]) for found in _prompts(_ROOT / folder)),
        ]
    )


def _policy(desk: Desk) -> Iterator[tuple[str, str]]:
    for rule in read_rules(desk.policy):
        yield f"rule:{rule.id or f'line {rule.line}'}", _short(" ".join(rule.source.split()))
    yield "setting:policy schema", _short(desk.policy_schema)


def _settings(desk: Desk) -> Iterator[tuple[str, str]]:
    for name, value in desk.settings.model_dump(mode="json").items():
        yield f"setting:{name}", digest(value)[:_SHORT]
    yield "setting:requests", digest(list(desk.requests.values()))[:_SHORT]
    yield "setting:people", digest(list(desk.people.values()))[:_SHORT]


def _code() -> Iterator[tuple[str, str]]:
    for name, node in NODES.items():
        yield f"node:{name}", _source(node.function)
    for request, handler in handlers().items():
        yield f"playbook:{request}", _source(handler)
    files = [file for folder in _CODE for file in sorted((_ROOT / folder).rglob("*.py"))]
    for file in (*files, *(_ROOT / name for name in _ALSO)):
        module = file.relative_to(_ROOT).with_suffix("").as_posix().removesuffix("/__init__")
        yield f"code:{module.replace('/', '.')}", _file(file)


def _prompts(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*.md")):
        if _INSTALLED in file.parts:
            continue
        yield f"prompt:{file.relative_to(folder).as_posix()}", _file(file)


def _source(function: Any) -> str:
    """The function's own text; its name where there is no file to read it from."""
    try:
        return _short(inspect.getsource(function))
    except (OSError, TypeError):
        return _short(repr(getattr(function, "__qualname__", function)))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_SHORT]


def _file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_SHORT]

"""The generated pages, each as Markdown made from the code."""

from collections.abc import Callable, Iterable, Mapping

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from countersign.domain import errors
from docs.attacks import COMMAND, attacks, readme
from docs.injections import page as injections_page
from docs.picture import edges, support_svg
from docs.source import Said, constants_of, fields_of, first_sentence, plain_type, said

_NOTE = "<!-- Generated from the code by `make docs`: edit the code, not this file. -->\n"


def cli_page() -> str:
    """Every command with its help text, and the exit codes."""
    import typer.main

    from countersign.cli import app as application

    application.register()
    command = typer.main.get_command(application.app)
    helps = "\n\n".join(f"## `{name}`\n\n```text\n{text}\n```" for name, text in _helps(command, "countersign"))
    codes = [("0", "All went well; what waits for a person is no fault.")]
    codes += [(code.type, code.doc) for code in constants_of(application) if code.name.startswith("EXIT_")]
    text = (
        "Results go to standard output; progress and errors go to standard error. An error is one line: "
        "`countersign: place: what is wrong (next step) [code]`. The codes are listed in [errors.md](errors.md)."
    )
    return _page("The command line", text, helps, "## Exit codes", _table(("code", "meaning"), codes))


def _helps(command: object, name: str) -> Iterable[tuple[str, str]]:
    """The help of a command and of those under it. Typer's own classes are not public, hence the attributes."""
    make = getattr(command, "make_context")  # noqa: B009  see above
    context = make(name, [], resilient_parsing=True, terminal_width=100, max_content_width=100)
    yield name, "\n".join(line.rstrip() for line in context.get_help().splitlines()).rstrip()
    below: Mapping[str, object] = getattr(command, "commands", {})
    for word, inner in below.items():
        yield from _helps(inner, f"{name} {word}")


def settings_page() -> str:
    """The environment variables, and the keys of desk.toml and people.toml."""
    from countersign.domain.desk import (
        Asks,
        DeskSettings,
        LearningSettings,
        MailSettings,
        Person,
        TriageSettings,
        Windows,
    )
    from countersign.settings import DayBudget, Embeddings, ModelSettings, Settings, Smtp, TicketBudget

    machine = [
        *_settings(Settings, "COUNTERSIGN_{}"),
        *_settings(Smtp, "COUNTERSIGN_SMTP__{}"),
        *_settings(Embeddings, "COUNTERSIGN_EMBEDDINGS__{}"),
    ]
    models = _settings(ModelSettings, "COUNTERSIGN_MODEL__{}")
    budgets = [
        *_settings(TicketBudget, "COUNTERSIGN_TICKET_BUDGET__{}"),
        *_settings(DayBudget, "COUNTERSIGN_DAY_BUDGET__{}"),
    ]
    desk = [
        *_settings(DeskSettings, "{}"),
        *_settings(MailSettings, "mail.{}"),
        *_settings(Windows, "windows.{}"),
        *_settings(TriageSettings, "triage.{}"),
        *_settings(LearningSettings, "learning.{}"),
        *_settings(Asks, "asks.{}"),
    ]
    heads = ("variable", "kind", "default", "meaning")
    return _page(
        "Settings",
        "What differs from machine to machine is read from the environment; `--var` and `--desk` win over it. "
        "What the business decides stands in the desk folder.",
        "## Environment", _table(heads, machine),
        "## Models",
        "How to set them up: [models.md](models.md). One seat's own settings have the same names, as "
        "`COUNTERSIGN_SMALL__TIMEOUT` or `COUNTERSIGN_LARGE__BASE_URL`, and win over what both have.",
        _table(heads, [*models, *budgets]),
        "## `desk.toml`", _table(("key", *heads[1:]), desk),
        "## `people.toml`: one table for each person", _table(("key", *heads[1:]), _settings(Person, "{}")),
    )  # fmt: skip


def _settings(model: type[BaseModel], form: str) -> list[tuple[str, ...]]:
    upper = form.startswith("COUNTERSIGN")
    rows: list[tuple[str, ...]] = []
    for field in fields_of(model):
        info = model.model_fields.get(field.name)
        kind = plain_type(field.type)
        if info is None or (isinstance(info.default, BaseModel)) or kind in ("MailSettings",):
            continue
        name = form.format(field.name.upper() if upper else field.name)
        rows.append((f"`{name}`", f"`{kind}`{_bounds(info)}", _default(info), field.doc))
    return rows


def _bounds(info: FieldInfo) -> str:
    words = (("ge", "at least"), ("gt", "more than"), ("le", "at most"))
    found = [(word, getattr(item, name, None)) for item in info.metadata for name, word in words]
    return "".join(f", {word} {bound:g}" for word, bound in found if isinstance(bound, int | float))


def _default(info: FieldInfo) -> str:
    default: object = info.default
    if default is PydanticUndefined:
        return "must be given" if info.default_factory is None else ""
    if isinstance(default, SecretStr) or default in (None, "", (), {}):
        return ""
    words = ", ".join(default) if isinstance(default, tuple) else str(default)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  tuples of texts
    return f"`{words}`"


def tools_page() -> str:
    """The contracts of all kinds of effect, and their arguments."""
    from graphs.agents.toolbox import TOOLS
    from tools.catalog import CONTRACTS, contracts_table

    rows = [
        (f"`{kind}`", f"`{field.name}`", f"`{plain_type(field.type)}`")
        for kind, contract in CONTRACTS.items()
        for field in fields_of(contract.arguments)
    ]
    receipts = [
        (f"`{model.__name__}`", first_sentence(model.__doc__), _fields(model))
        for model in dict.fromkeys(contract.result for contract in CONTRACTS.values())
    ]
    held = [
        (f"`{tool.name}`", tool.effect, tool.says, _fields(tool.takes), f"`{tool.gives.__name__}`",
         f"{tool.timeout:.0f}", str(tool.attempts))
        for tool in TOOLS
    ]  # fmt: skip
    return _page(
        "What the desk may do",
        "Each kind of effect has one contract. A playbook only proposes it; the policy gate decides; the gateway, the "
        "one door, carries out what was granted, under a key that makes it happen once. `countersign tools --json` has "
        "the schemas.",
        contracts_table().rstrip(),
        "It is tried again only where it is known that nothing happened, as often as *tries* says. Past its seconds, "
        "after a lost answer, and where the receipt proves nothing, the outcome is *unknown*: the system of record is "
        "asked, or a person, and nothing is repeated.",
        "## Arguments",
        "They are strict: unknown names, other types and values out of bounds are refused (`rejected.arguments`). The "
        "types are named as in `tools/arguments.py`.",
        _table(("kind", "argument", "type"), rows),
        "## Receipts",
        "What a receipt must say is as strict, in `tools/results.py`; one that says anything else proves nothing "
        "(`unknown.receipt`). The ledger compares it with the grant besides.",
        _table(("receipt", "of what", "fields"), receipts),
        "## What an agent holds",
        "Lookups and proposals, which change nothing, so that nothing has to be taken back. A passing fault is tried "
        "again; an answer that comes too late, or says more than its model has room for, is told to no model "
        "(`failed.timeout`, `failed.answer`). Answers are in `tools/lookups/answers.py`.",
        _table(("tool", "kind", "what the model is told", "arguments", "answer", "seconds", "tries"), held),
    )


def _fields(model: type[BaseModel]) -> str:
    return ", ".join(f"`{name}`" for name in model.model_fields) or "none"


def graph_page() -> str:
    """Every node with its kind and channels, and every edge."""
    from graphs.catalog import NODES

    docs = {name: first_sentence(node.function.__doc__) for name, node in NODES.items()}
    nodes = [
        (f"`{name}`", node.kind, docs[name], ", ".join(f"`{channel}`" for channel in sorted(node.writes)))
        for name, node in NODES.items()
    ]
    ways = [(f"`{edge.start}`", edge.label or "always", f"`{edge.end}`") for edge in edges()]
    return _page(
        "The support graph",
        "![The support graph](graph.svg)",
        "A node is of one kind: **decide** reads and changes nothing, **record** writes one transaction of the ledger, "
        "**do** takes one step through the gateway, **wait** interrupts for a person.",
        "## Nodes", _table(("node", "kind", "what it answers", "channels it writes"), nodes),
        "## Edges", _table(("from", "answer", "to"), ways),
    )  # fmt: skip


def errors_page() -> str:
    """The error tree, every stable code, the reasons of quarantine, and what the gates may find."""
    from countersign.cli.app import exit_code

    calls = said()
    classes = error_classes()
    families = [(f"`{cls.code}`", str(exit_code(cls(""))), first_sentence(cls.__doc__)) for cls in classes.values()]
    codes = [(f"{classes[call.name].code}.{call.code}", call) for call in calls if call.name in classes]
    mail = [call for call in calls if call.file.startswith("countersign/adapters/mail/")]
    quarantine = [(f"input.{call.code}", call) for call in mail]
    other = [(code, call) for code, call in codes if call not in mail]
    findings = [(call.code, call) for call in calls if call.name == "Finding"]
    refusals = [(call.code, call) for call in calls if call.name == "Refusal"]
    problems = [(call.code, call) for call in calls if call.name == "Problem" and "." in call.code]
    return _page(
        "Codes",
        "Codes are stable: scripts may rely on them. Texts may be improved; … stands for what is filled in.",
        "## Families of errors", _table(("code", "exit code", "meaning"), families),
        "## Errors", _codes(other),
        "## Reasons for quarantine", _codes(quarantine),
        "## What the quality gate finds", _codes(findings),
        "## Why a grant is not carried out", _codes(refusals),
        "## What can be wrong with the ledger's file", _codes(problems),
    )  # fmt: skip


def error_classes() -> dict[str, type[errors.CountersignError]]:
    """The classes of the error tree by name, without its root."""
    found = ((name, cls) for name, cls in vars(errors).items() if isinstance(cls, type))
    root = errors.CountersignError
    return {name: cls for name, cls in found if issubclass(cls, root) and cls is not root}


def _codes(found: Iterable[tuple[str, Said]]) -> str:
    """One row for each code: all its texts."""
    texts: dict[str, dict[str, None]] = {}
    for code, call in found:
        texts.setdefault(code, {})[call.text] = None
    return _table(("code", "says"), [(f"`{code}`", "<br>".join(texts[code])) for code in sorted(texts)])


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([_NOTE.rstrip(), f"# {title}", *parts]) + "\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(heads)
    lines = [head, ("---",) * len(head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def approvals_page() -> str:
    """What became of each attack on approvals, here and on a plain graph."""
    return _page(
        "Attacks on approvals",
        "A refund of 249.00 waits for a person, and each case tries to get it paid twice, unasked, or for something "
        "that nobody saw. The same cases run against the desk and against a plain LangGraph agent with langchain's "
        "`HumanInTheLoopMiddleware`, set up as its guide has it, with the same provider and the same mail server; each "
        "of its tool calls carries its id as the idempotency key, which is more than the guide does. *Not offered*: it "
        "has no such notion, so nothing was tried. What the desk's cases leave is judged by the checker as well.",
        f"```text\n{COMMAND}\n```",
        attacks(),
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/cli.md": cli_page,
    "docs/settings.md": settings_page,
    "docs/tools.md": tools_page,
    "docs/graph.md": graph_page,
    "docs/errors.md": errors_page,
    "docs/graph.svg": support_svg,
    "docs/approvals.md": approvals_page,
    "docs/injections.md": injections_page,
    "README.md": readme,
}
"""Path and maker of everything that is generated."""

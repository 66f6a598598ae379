"""What `doctor` looks at about triage: its rules, the file of the version in use, what is left to learn from."""

from collections.abc import Iterator

from countersign.cli.checkup import Check
from countersign.domain.errors import StorageError
from countersign.settings import Settings


def triage(settings: Settings) -> Iterator[Check]:
    """The desk's rules can be read, the version in use is sound, and it knows nothing that was removed."""
    from countersign.desk import load_desk
    from countersign.learning import listed
    from countersign.triage.escalation import read_escalations
    from countersign.triage.signals import read_signals

    desk = load_desk(settings.desk_folder)
    rules = len(read_escalations(desk.folder / "escalate.toml"))
    signals = len(read_signals(desk.folder / "signals.toml", desk.requests))
    about = f"{rules} escalations, {signals} signals"
    if not settings.ledger_file.exists():
        yield Check(name="triage", ok=True, text=f"{about}; the desk's own examples are in use")
        return
    try:
        found = listed(settings.ledger_file, settings, desk)
    except StorageError:  # the ledger's own check says what is wrong with it
        yield Check(name="triage", ok=True, text=f"{about}; the ledger can't say which version is in use")
        return
    now = next(one for one in found if one.in_use)
    if now.trouble:
        sound = next(one.version for one in found if one.version < now.version and not one.trouble)
        text = f"version {now.version} is in use, but {now.trouble}; version {sound} answers instead"
        step = "bring the file back, countersign triage rollback, or countersign triage learn"
        yield Check(name="triage", ok=False, text=text, step=step, code="storage.model")
    elif now.removed:
        text = f"version {now.version} learnt from {now.removed} labels that were removed since"
        yield Check(name="triage", ok=False, text=text, step="countersign triage learn", code="storage.model")
    else:
        yield Check(
            name="triage", ok=True, text=f"{about}; version {now.version} is in use{_left(settings, now.version)}"
        )


def _left(settings: Settings, version: int) -> str:
    """How many labels it could learn from and has not."""
    from countersign.desk import examples, load_desk
    from countersign.ledger import labels, models
    from countersign.triage.learning import lessons

    desk, known = load_desk(settings.desk_folder), frozenset[str]()
    if version:
        known = frozenset(models.find(settings.ledger_file, version).labels)
    found = lessons(examples(desk), labels.standing(settings.ledger_file), desk.requests, desk.settings.languages)
    fresh = len(found.places.keys() - known)
    return f"; {fresh} labels to learn from: countersign triage learn" if fresh else ""

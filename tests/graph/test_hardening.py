"""Hostile and broken input on the whole road: one bad item never stops the batch, nobody is remedied twice."""

import io
import json
import os
from pathlib import Path

import pytest

from countersign.adapters.mail import read_sources
from countersign.batch import Batch
from countersign.domain.errors import SettingsError
from countersign.runtime import Runtime
from countersign.settings import read_settings

QUESTION = "How long do I have to return something?"


def run(runtime: Runtime, *sources: Path) -> Batch:
    """A batch over some sources, to its end."""
    names = [str(source) for source in sources]
    batch = Batch(runtime)
    batch.run(read_sources(names, runtime.deps.blobs, runtime.deps.desk.settings.mail, io.BytesIO()))
    return batch


def test_half_a_character_in_a_record_stops_nothing(runtime: Runtime, tmp_path: Path) -> None:
    """A record with a lone surrogate becomes a ticket, and so does the one behind it."""
    source = tmp_path / "records.jsonl"
    records = [{"from": f"{name}@writer.example", "subject": "\ud800", "text": f"\udcff {QUESTION}"} for name in "ab"]
    source.write_text("\n".join(json.dumps(record) for record in records), encoding="ascii")
    batch = run(runtime, source)
    assert [ticket.sender for ticket in batch.tickets.values()] == ["a@writer.example", "b@writer.example"]
    assert {ticket.status for ticket in batch.tickets.values()} <= {"answered", "waiting", "handed_over"}


def test_file_name_that_is_no_text_stops_nothing(runtime: Runtime, tmp_path: Path) -> None:
    """Mail in a file whose name is not UTF-8 becomes a ticket; an empty file of such a name is quarantined."""
    mail = f"From: a@writer.example\nSubject: Returns\n\n{QUESTION}\n".encode()
    folder = tmp_path / "mail"
    folder.mkdir()
    try:
        for name, content in ((b"b\xff.eml", mail), (b"c\xff.eml", b"")):
            (folder / os.fsdecode(name)).write_bytes(content)
    except OSError:
        pytest.skip("needs a file system that takes any bytes as a name")
    batch = run(runtime, folder)
    assert len(batch.tickets) == 1
    assert [taken.quarantined.code for taken in batch.taken if taken.quarantined] == ["input.empty"]
    assert all(taken.source.isprintable() for taken in batch.taken)


def test_link_that_leads_to_itself_hides_nothing_behind_it(runtime: Runtime, tmp_path: Path) -> None:
    """A link in a circle is one quarantined item; the mail that stands after it in the folder is handled."""
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "a.eml").symlink_to("a.eml")
    (folder / "b.eml").write_text(f"From: b@writer.example\n\n{QUESTION}\n", encoding="ascii")
    batch = run(runtime, folder)
    assert [taken.source for taken in batch.taken if taken.quarantined] == [str(folder / "a.eml")]
    assert [ticket.sender for ticket in batch.tickets.values()] == ["b@writer.example"]


def test_machines_are_not_answered_where_mail_comes_as_records(runtime: Runtime, tmp_path: Path) -> None:
    """Bounces, no-reply senders and absence notes in JSON Lines are closed without a reply, like those in mail."""
    source = tmp_path / "records.jsonl"
    heads = (
        ("mailer-daemon@a.example", "Undelivered"),
        ("no-reply@b.example", "News"),
        ("c@c.example", "Out of office"),
    )
    records = [{"from": sender, "subject": subject, "text": QUESTION} for sender, subject in heads]
    source.write_text("\n".join(json.dumps(record) for record in records), encoding="ascii")
    batch = run(runtime, source)
    assert [ticket.status for ticket in batch.tickets.values()] == ["closed"] * 3
    assert runtime.ledger.effect_counts() == (0, 0)


def test_empty_name_is_no_folder(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source without a name, as an unset variable gives it, is missing; it is not the folder we stand in."""
    (tmp_path / "stray.eml").write_text(f"From: b@writer.example\n\n{QUESTION}\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    batch = Batch(runtime)
    batch.run(read_sources([""], runtime.deps.blobs, runtime.deps.desk.settings.mail, io.BytesIO()))
    assert [taken.quarantined and taken.quarantined.code for taken in batch.taken] == ["input.missing"]


def test_group_of_settings_as_one_text_is_an_error_without_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is no JSON where a group belongs names its variable, and never repeats what may be a secret."""
    monkeypatch.setenv("COUNTERSIGN_SMTP", "smtp://me:hunter2@host")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert "COUNTERSIGN_SMTP" in str(raised.value)
    assert "hunter2" not in str(raised.value)

"""Reply templates: found, sandboxed, complete, and honest about what is wrong and where."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.adapters.replies import TemplateReplies, check_templates
from countersign.domain.desk import Desk
from countersign.domain.errors import DeskError
from countersign.domain.plan import ReplyPart
from tests.unit.playbook_world import DESK, REPLIES


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A copy of the demonstration desk's replies and requests that a test may spoil."""
    for name in ("replies", "requests"):
        shutil.copytree(DESK.folder / name, tmp_path / name)
    return DESK.model_copy(update={"folder": tmp_path})


def _write(desk: Desk, name: str, text: str, language: str = "en") -> None:
    file = desk.folder / "replies" / language / f"{name}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _inline(desk: Desk, text: str) -> None:
    (desk.folder / "requests" / "extra.toml").write_text(text, encoding="utf-8")


def test_shipped_templates_are_sound() -> None:
    """Every shipped template parses, states no number of its own, and the letter needs only what it is given."""
    assert check_templates(DESK) == ()
    assert len(REPLIES.names("en")) > 90


def test_letter_holds_greeting_parts_and_closing() -> None:
    """One letter: the name if it is known, each part in order, the desk's name and the ticket."""
    text = REPLIES.letter(("First part.", "Second part."), "Maya Ellingham", "CS-1001", "en")
    assert text.startswith("Hello Maya Ellingham,\n\nFirst part.\n\nSecond part.\n\n")
    assert text.endswith("anything else.")
    assert "Fernhill & Co\nTicket CS-1001" in text
    assert REPLIES.letter(("Part.",), "", "CS-1001", "en").startswith("Hello,\n\nPart.")


def test_missing_template_names_file_and_next_step() -> None:
    """A template that is not there is a DeskError that says where to write it."""
    with pytest.raises(DeskError, match=r"replies/en: there is no reply template 'nothing'.*inline reply"):
        REPLIES.render(ReplyPart(template="nothing"), "en")


def test_missing_value_names_template_and_line(desk: Desk) -> None:
    """A value that is not given is a DeskError with file and line, never an empty place in a reply."""
    _write(desk, "late", "Hello.\n\nIt is {{ date }} and {{ other }}.")
    with pytest.raises(DeskError, match=r"late\.md:3: the template needs other"):
        TemplateReplies(desk).render(ReplyPart(template="late", values={"date": "today"}), "en")


def test_needed_values_are_told(desk: Desk) -> None:
    """A template says which values it needs."""
    _write(desk, "late", "{% for item in items %}{{ item }} {{ note }}{% endfor %}")
    assert TemplateReplies(desk).needed("late", "en") == {"items", "note"}


def test_broken_template_is_refused_at_once(desk: Desk) -> None:
    """A template that can't be parsed stops the desk with file and line, before any customer waits."""
    _write(desk, "broken", "Fine.\n{% if x %}\nno end")
    with pytest.raises(DeskError, match=r"broken\.md:\d+: the template can't be parsed"):
        TemplateReplies(desk)
    assert [(one.template, one.line > 1) for one in check_templates(desk)] == [("broken", True)]


def test_inline_replies_belong_to_the_first_language(desk: Desk) -> None:
    """A request's own replies are templates like any other, with their line in the TOML file."""
    _inline(desk, '[x]\ntitle = "X"\n\n[x.replies]\nx_said = """\nWell:\n{{ word }}\n"""\n')
    replies = TemplateReplies(desk)
    assert replies.render(ReplyPart(template="x_said", values={"word": "yes"}), "en") == "Well:\nyes"
    with pytest.raises(DeskError, match=r"extra\.toml:7: the template needs word"):
        replies.render(ReplyPart(template="x_said"), "en")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[x]\ntitle = ", "it is not TOML"),
        ('[x]\nreplies = "no"', r"\[x\.replies\]: it must be a table"),
        ("[x.replies]\na = 1", r"\[x\.replies\]: a must be a text"),
        ('[x.replies]\ncancelled = "again"', "the reply 'cancelled' is also in"),
    ],
)
def test_wrong_inline_replies_are_named(desk: Desk, text: str, message: str) -> None:
    """A request file whose replies are wrong is a DeskError that names file and table."""
    _inline(desk, text)
    with pytest.raises(DeskError, match=message):
        TemplateReplies(desk)


def test_unreadable_template_is_named(desk: Desk) -> None:
    """A template that is not UTF-8 is a DeskError with its file."""
    (desk.folder / "replies" / "en" / "odd.md").write_bytes(b"\xff\xfe")
    with pytest.raises(DeskError, match=r"odd\.md: it can't be read"):
        TemplateReplies(desk)


def test_numbers_of_a_templates_own_are_found(desk: Desk) -> None:
    """A number that is written into a template has no fact behind it, and is reported with its line."""
    _write(desk, "period", "Well.\nWithin 30 days.")
    assert [(one.template, one.text[:12]) for one in check_templates(desk)] == [("period", "it states a ")]


def test_letter_with_unknown_value_is_found(desk: Desk) -> None:
    """A letter that needs more than it is ever given is reported."""
    _write(desk, "letter", "{{ parts }} {{ name }} {{ ticket }} {{ desk }}\n{{ phone }}")
    assert [(one.line, one.text) for one in check_templates(desk)] == [(2, "a letter is never given 'phone'")]


def test_each_language_must_have_every_template(desk: Desk) -> None:
    """A second language that lacks templates is reported, one by one."""
    settings = desk.settings.model_copy(update={"languages": ("en", "de")})
    german = desk.model_copy(update={"settings": settings})
    _write(german, "cancelled", "{{ order }} ist storniert.", "de")
    missing = {one.template for one in check_templates(german)}
    assert {"letter", "parcel_moving"} <= missing
    assert "cancelled" not in missing
    rendered = TemplateReplies(german).render(ReplyPart(template="cancelled", values={"order": "FH-10001"}), "de")
    assert rendered == "FH-10001 ist storniert."


def test_unlisted_language_is_answered_in_the_first() -> None:
    """A language that the desk does not write in gets the first language's words."""
    part = ReplyPart(template="cancelled", values={"order": "FH-10001"})
    assert REPLIES.render(part, "fr") == REPLIES.render(part, "en")


@pytest.mark.parametrize("attack", ["{{ x.__class__ }}", "{{ x.__class__.__mro__ }}", "{{ x.format_map.__globals__ }}"])
def test_templates_are_sandboxed(desk: Desk, attack: str) -> None:
    """A template can't reach into Python: it fails as a DeskError."""
    _write(desk, "attack", attack)
    with pytest.raises(DeskError, match=r"attack\.md:1: the template can't be filled: \w+Error"):
        TemplateReplies(desk).render(ReplyPart(template="attack", values={"x": "y"}), "en")


def test_templates_have_no_functions(desk: Desk) -> None:
    """Nothing but values and filters is there: a function is a value that is missing."""
    _write(desk, "loop", "{% for i in range(3) %}x{% endfor %}")
    with pytest.raises(DeskError, match="the template needs range"):
        TemplateReplies(desk).render(ReplyPart(template="loop"), "en")


@given(st.text(max_size=200))
def test_values_are_never_templates(value: str) -> None:
    """Whatever a value holds is text: it is written out as it is, and never run."""
    text = REPLIES.render(
        ReplyPart(template="invoice_cancelled", values={"order": value + "{{ 7 * 7 }}{% raw %}"}), "en"
    )
    assert "{{ 7 * 7 }}{% raw %}" in text

"""A desk folder is read whole or refused with file, line and next step."""

import shutil
from pathlib import Path
from typing import get_args

import pytest

from countersign.desk import examples, load_desk
from countersign.domain.desk import Example
from countersign.domain.errors import DeskError
from countersign.domain.plan import Kind

SHIPPED = Path(__file__).resolve().parents[2] / "desk"
PARTS = ("desk.toml", "people.toml", "policy.cedar", "policy.cedarschema", "requests", "prompts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration desk, without its articles and examples."""
    desk = tmp_path / "desk"
    desk.mkdir()
    for part in PARTS:
        source = SHIPPED / part
        _ = shutil.copytree(source, desk / part) if source.is_dir() else shutil.copy(source, desk / part)
    return desk


def _edit(path: Path, old: str, new: str) -> int:
    """Changes a file and answers the line that the new text begins at."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def _refused(folder: Path) -> DeskError:
    with pytest.raises(DeskError) as caught:
        load_desk(folder)
    assert caught.value.hint
    return caught.value


def test_shipped_desk_is_the_demonstration_business() -> None:
    """The shipped folder loads: 21 requests in five categories, a phase for each kind, people with limits."""
    desk = load_desk(SHIPPED)

    assert len(desk.requests) == 21
    assert {request.category for request in desk.requests.values()} == {
        "orders", "billing", "account", "technical", "general",
    }  # fmt: skip
    assert desk.settings.phases == dict.fromkeys(get_args(Kind), "bounded")
    assert desk.settings.mail.trusted_authserv == ("mx.fernhill.example",)
    assert desk.people["maria"].limits["refund"] > 0
    assert all(link.startswith(desk.settings.links) for link in desk.settings.tracking.values())


def test_kinds_without_a_phase_are_bounded(folder: Path) -> None:
    """A phase that is not written is `bounded`; one that is written holds."""
    path = folder / "desk.toml"
    path.write_text(path.read_text("utf-8").split("[phases]")[0] + '[phases]\nrefund = "copilot"\n', "utf-8")

    phases = load_desk(folder).settings.phases

    assert phases == dict.fromkeys(get_args(Kind), "bounded") | {"refund": "copilot"}


def test_phases_are_a_table(folder: Path) -> None:
    """Something else in the place of [phases] is refused, not replaced."""
    path = folder / "desk.toml"
    path.write_text("phases = 1\n" + path.read_text("utf-8").split("[phases]")[0], "utf-8")

    error = _refused(folder)

    assert (error.where, "phases" in error.message) == (f"{path}:1", True)


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("desk.toml", 'refund = "bounded"', 'refund = "broad"'),
        ("desk.toml", "returns = 30", "returns = 31"),
        ("people.toml", "refund = 15000", "refund = 15001"),
        ("requests/general.toml", "A question about terms", "A question about our terms"),
        ("policy.cedar", "More than 150.00.", "More than 150."),
        ("policy.cedarschema", "// Facts about", "// The facts about"),
    ],
)
def test_digest_covers_everything_that_decides(folder: Path, part: str, old: str, new: str) -> None:
    """Any change of settings, people, requests, policy or schema is another digest; a copy has the same."""
    before = load_desk(folder).digest
    assert before == load_desk(SHIPPED).digest

    _edit(folder / part, old, new)

    assert load_desk(folder).digest != before


@pytest.mark.parametrize("part", ["desk.toml", "people.toml", "policy.cedar", "policy.cedarschema"])
def test_missing_files_are_named(folder: Path, part: str) -> None:
    """A file that is not there is named."""
    (folder / part).unlink()

    error = _refused(folder)

    assert (error.where, error.full_code) == (str(folder / part), "desk")
    assert "missing" in error.message


def test_missing_folders_and_empty_ones_are_refused(folder: Path, tmp_path: Path) -> None:
    """No folder, and a folder without requests, are no desk."""
    assert "no such folder" in _refused(tmp_path / "nowhere").message
    shutil.rmtree(folder / "requests")
    assert "no request" in _refused(folder).message


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    """What is no file can't be read, and that is said without a traceback."""
    (folder / "people.toml").unlink()
    (folder / "people.toml").mkdir()

    assert _refused(folder).where == str(folder / "people.toml")


WRONG = {
    "no TOML": ("desk.toml", "returns = 30", "returns = = 30", "not valid TOML"),
    "unknown key": ("desk.toml", "grant_minutes = 60", "grant_minuts = 60", "grant_minuts: there is no such key"),
    "unknown table": ("desk.toml", "[windows]", "[window]", "window"),
    "unknown kind": ("desk.toml", 'refund = "bounded"', 'refnd = "bounded"', "phases.refnd"),
    "unknown phase": ("desk.toml", 'refund = "bounded"', 'refund = "bouned"', "phases.refund"),
    "a number in quotes": (
        "desk.toml",
        "max_replies_per_day = 5",
        'max_replies_per_day = "5"',
        "mail.max_replies_per_day",
    ),
    "a number out of bounds": ("desk.toml", "returns = 30", "returns = -1", "windows.returns"),
    "a deadline of no hours": ("desk.toml", "refund = 72", "refund = 0", "deadlines.refund"),
    "no currency": ("desk.toml", 'currency = "EUR"', 'currency = "euro"', "currency"),
    "no language": ("desk.toml", 'languages = ["en"]', "languages = []", "language"),
    "no link": (
        "desk.toml",
        'site = "https://www.fernhill.example/"',
        'site = "www.fernhill.example"',
        "no start of a link",
    ),
    "tracking elsewhere": (
        "desk.toml",
        '"Swiftline" = "https://track.swiftline.example/"',
        '"Swiftline" = "https://elsewhere.example/"',
        "begins with none",
    ),
    "no pattern": (
        "desk.toml",
        "order_pattern = '\\bFH-[0-9]{5,6}\\b'",
        "order_pattern = 'FH-('",
        "no regular expression",
    ),
    "no address": (
        "desk.toml",
        'address = "support@fernhill.example"',
        'address = "Support <support@fernhill.example>"',
        "is no address",
    ),
    "a list in place of a table": ("people.toml", "[tomas]\nname", "tomas = 1\n[other]\nname", "tomas"),
    "an id inside a person": ("people.toml", 'name = "Tomas Okafor"', 'id = "maria"', "tomas"),
    "a limit below zero": ("people.toml", "refund = 15000", "refund = -1", "tomas.limits.refund"),
    "a limit of an unknown kind": ("people.toml", "refund = 15000", "refunds = 15000", "tomas.limits.refunds"),
    "a person without a name": ("people.toml", 'name = "Hanne Vos"', "", "hanne.name"),
    "a person twice": ("people.toml", "[tomas]", "[maria]", "not valid TOML"),
    "a request without a title": (
        "requests/general.toml",
        'title = "A question about terms"',
        "",
        "policy_question.title",
    ),
    "a request with a strange key": (
        "requests/general.toml",
        'title = "A question about terms"',
        'titel = "x"',
        "policy_question",
    ),
    "a request that is called none": ("requests/general.toml", "[policy_question]", "[none]", "`none`"),
    "a request with capitals": ("requests/general.toml", "[policy_question]", "[Policy]", "`Policy`"),
    "a request twice": ("requests/general.toml", "[policy_question]", "[login_help]", "declared twice"),
}


@pytest.mark.parametrize(("part", "old", "new", "text"), WRONG.values(), ids=WRONG.keys())
def test_wrong_files_are_named_with_line(folder: Path, part: str, old: str, new: str, text: str) -> None:
    """Whatever is wrong in a file: the error names the file, a line at or just around it, and the key."""
    line = _edit(folder / part, old, new)

    error = _refused(folder)

    file, _, number = error.where.rpartition(":")
    assert file == str(folder / part)
    assert text in error.message
    assert abs(int(number) - line) <= 1, (error.where, line)


def test_files_that_are_not_utf8_are_named_with_line(folder: Path) -> None:
    """Bytes that are no UTF-8 are found in their line."""
    (folder / "policy.cedar").write_bytes(b"// one\n// tw\xff\n")

    assert _refused(folder).where == f"{folder / 'policy.cedar'}:2"


def test_unfinished_toml_is_found_at_the_end(folder: Path) -> None:
    """A text that ends too early is found in its last line."""
    (folder / "people.toml").write_text('[kim]\nname = "Kim"\nroles = [\n', "utf-8")

    error = _refused(folder)

    assert "not valid TOML" in error.message
    assert error.where.startswith(f"{folder / 'people.toml'}:")


def test_examples_come_from_requests_and_from_json_lines(folder: Path) -> None:
    """Examples written beside a request and those in examples/*.jsonl are all there, blank lines aside."""
    path = folder / "requests" / "general.toml"
    path.write_text('[policy_question]\ntitle = "Terms"\nexamples = ["What are your terms?"]\n', "utf-8")
    (folder / "examples").mkdir()
    lines = (
        '{"text": "Where is it?", "request": "where_is_my_order"}',
        "",
        '{"text": "a\u2028b", "request": "none", "synthetic": true}',
    )
    (folder / "examples" / "one.jsonl").write_text("\n".join(lines), "utf-8")

    assert examples(load_desk(folder)) == (
        Example(text="What are your terms?", request="policy_question"),
        Example(text="Where is it?", request="where_is_my_order"),
        Example(text="a\u2028b", request="none", synthetic=True),
    )


def test_a_desk_may_have_no_examples(folder: Path) -> None:
    """A desk without examples is a desk."""
    assert examples(load_desk(folder)) == ()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"text": "x", "request": "wher_is_my_order"}', "no request `wher_is_my_order`"),
        ('{"text": "x"}', "required"),
        ('{"text": "x", "request": "none", "label": 1}', "no such key"),
        ('{"text": 7, "request": "none"}', "string"),
        ("{", "JSON"),
        ("[]", "object"),
    ],
)
def test_wrong_examples_are_named_with_line(folder: Path, line: str, text: str) -> None:
    """A line that is no example is named by file and line, without its text."""
    (folder / "examples").mkdir()
    path = folder / "examples" / "mine.jsonl"
    path.write_text('{"text": "x", "request": "none"}\n' + line + "\n", "utf-8")

    with pytest.raises(DeskError, match=text) as caught:
        examples(load_desk(folder))

    assert caught.value.where == f"{path}:2"

"""How things show themselves: everything is escaped, nothing is loaded, the same words everywhere."""

import html as names
import re
from io import StringIO
from xml.etree import ElementTree

import pytest
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from countersign.display.html import html, page
from countersign.display.layout import edges
from countersign.display.picture import support_svg
from countersign.display.views import PlanView, Road
from countersign.domain.errors import MisuseError
from countersign.domain.facts import Fact
from countersign.domain.plan import Plan, ReplyPart
from countersign.runtime import Runtime
from graphs.catalog import NODES

HOSTILE = '</td></div><script>alert(1)</script><img src="https://evil.example/x.png" onerror="x()">&lt;b&gt; [red]x'
ALLOWED = {"div", "span", "b", "br", "table", "tr", "td", "th", "caption"}


def parsed(text: str) -> ElementTree.Element:
    """HTML of ours is well-formed, so a strict parser reads it."""
    return ElementTree.fromstring(text.replace("<br>", "<br/>").replace("&nbsp;", "&#160;"))


def elements(text: str) -> set[str]:
    """The names of all elements."""
    return {element.tag for element in parsed(text).iter()}


def attributes(text: str) -> set[str]:
    """The names of all attributes."""
    return {name for element in parsed(text).iter() for name in element.attrib}


def words(text: str) -> str:
    """What a reader sees, without spaces."""
    return re.sub(r"\s", "", "".join(parsed(text).itertext()))


@pytest.mark.parametrize(
    "drawn",
    [
        Text(HOSTILE),
        Text(HOSTILE, style="bold red"),
        Text.assemble((HOSTILE, "dim"), HOSTILE),
        Panel(Text(HOSTILE), title=Text(HOSTILE)),
        Panel(Text("x"), title=HOSTILE),
        Padding(Text(HOSTILE), (0, 0, 0, 4)),
        Group(Text(HOSTILE), Text("")),
    ],
)
def test_untrusted_text_stays_text(drawn: RenderableType) -> None:
    """Whatever a message says, its HTML has our elements and the style attribute alone, and reads as it was written."""
    shown = page(drawn)
    assert elements(shown) <= ALLOWED
    assert attributes(shown) <= {"style"}
    assert re.sub(r"\s", "", HOSTILE) in words(shown)


def test_untrusted_cells_and_headings_stay_text() -> None:
    """The same for tables: cells, headings and titles."""
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_column(Text(HOSTILE), no_wrap=True, style="dim")
    table.add_row(HOSTILE, Text(HOSTILE))
    table.add_row(Group(Text(HOSTILE)), Panel(Text(HOSTILE)))
    shown = page(table)
    assert elements(shown) <= ALLOWED
    assert attributes(shown) <= {"style"}
    assert words(shown).count(re.sub(r"\s", "", HOSTILE)) == 7


def test_what_has_no_form_is_refused() -> None:
    """A drawing that can't be turned into HTML is an error, not a guess."""
    with pytest.raises(MisuseError):
        html(Columns(["x"]))


def test_bold_and_lines_survive_a_viewer_without_styles() -> None:
    """Bold is an element and a line break is one, whatever becomes of the style attributes."""
    assert html(Text("one\ntwo", style="bold")).count("<b>") == 1
    assert "<br>" in html(Text("one\ntwo"))


def test_a_hostile_mail_is_shown_and_does_nothing(runtime: Runtime) -> None:
    """A ticket's HTML holds the customer's words and none of their markup; no address in it is loaded."""
    ticket = runtime.ask(
        f"Where is my order FH-10072? {HOSTILE}", sender="simon.hartigan@example.org", subject=f"Order {HOSTILE}"
    )
    for shown in (ticket, ticket.timeline(), ticket.steps(), ticket.why(), runtime.inbox(), *ticket.plans()):
        text = shown._repr_html_()  # pyright: ignore[reportPrivateUsage]  what a notebook calls
        assert elements(text) <= ALLOWED
        assert attributes(text) <= {"style"}
        assert "url(" not in text
    assert "alert(1)" in names.unescape(ticket._repr_html_())  # pyright: ignore[reportPrivateUsage]


def test_a_terminal_and_a_notebook_say_the_same(runtime: Runtime) -> None:
    """Both are made from one drawing: every word of the one is in the other."""
    ticket = runtime.ask("When are you open?", sender="somebody@example.net", subject="Hours")
    for shown in (ticket, ticket.steps(), ticket.why()):
        out = StringIO()
        Console(file=out, width=400, color_system=None).print(shown)
        said = re.sub(r"[╭╮╰╯│─\s]", "", out.getvalue())
        assert said == re.sub(r"[\s\u00a0]", "", words(shown._repr_html_()))  # pyright: ignore[reportPrivateUsage]


def test_a_plan_shows_facts_sources_proposals_and_reply() -> None:
    """A plan made by hand shows itself whole, and is still the same plan."""
    plan = Plan(
        request="where_is_my_order",
        category="orders",
        facts=(Fact(name="order", kind="order", value="FH-10001", source="shop:order/FH-10001#v3"),),
        reply=ReplyPart(template="parcel_on_its_way"),
        notes=("looked twice",),
    )
    view = PlanView.of(plan)
    assert view.model_dump() == plan.model_dump()
    for said in ("FH-10001", "shop:order/FH-10001#v3", "parcel_on_its_way", "lookedtwice", "where_is_my_order"):
        assert said in words(view._repr_html_())  # pyright: ignore[reportPrivateUsage]


def marked(svg: str) -> dict[str, str]:
    """The numbers that stand on each node's box, by the place of the box."""
    return dict(re.findall(r'font-weight="bold" fill="#24292f">(\w+)</text>.*?fill="white">([^<]+)</text>', svg))


def test_a_road_marks_the_nodes_that_were_passed() -> None:
    """Passed nodes bear their steps' numbers, the one that waits says so, and no other node is marked."""
    passed = ("receive", "redact", "recall", "triage", "playbook", "draft", "check", "authorize", "record_verdict")
    marks = marked(Road(passed, "review")._repr_svg_())  # pyright: ignore[reportPrivateUsage]
    assert marks == {name: str(number) for number, name in enumerate(passed, 1)} | {"review": "waits"}


def test_a_loop_is_marked_with_every_step() -> None:
    """A node that ran twice bears both numbers."""
    assert marked(support_svg(("record_verdict", "execute", "execute", "record_outcome")))["execute"] == "2, 3"


def test_every_picture_is_sound_and_loads_nothing() -> None:
    """SVG of any road is well-formed, draws every node and edge, and has no link, script or style sheet."""
    for svg in (support_svg(), support_svg(tuple(NODES)), Road(("receive",), "redact")._repr_svg_()):  # pyright: ignore[reportPrivateUsage]
        found = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()]
        assert not {"script", "image", "a", "style", "use", "foreignObject"} & set(found)
        assert "href" not in svg
        assert svg.replace("http://www.w3.org/2000/svg", "").count("http") == 0
        assert svg.count("marker-end") == len(edges()) + 2
        assert all(f">{name}</text>" in svg for name in NODES)

"""Turns what is drawn for a terminal into HTML: every text is escaped, nothing is loaded, nothing runs.

Bold stays bold and tables stay tables where a viewer takes the styles away.
"""

from html import escape
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.style import Style
from rich.table import Column, Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from countersign.domain.errors import MisuseError

_DARK, _RED, _GREEN, _YELLOW = (36, 41, 47), (190, 50, 40), (30, 130, 60), (160, 110, 0)
_BLUE, _MAGENTA, _CYAN, _GREY = (30, 90, 180), (130, 60, 160), (0, 120, 140), (130, 136, 146)
_COLOURS = [_RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN]
_THEME = TerminalTheme((180, 186, 192), _DARK, [_DARK, *_COLOURS, (90, 96, 106)], [_GREY, *_COLOURS, _DARK])
"""The first colour is the one that dim texts are blended with: dark enough to be read on white."""
_PAGE = (
    "font: 14px/1.45 system-ui, Helvetica, Arial, sans-serif; color: #24292f; background: #ffffff; "
    "border: 1px solid #d8dee4; border-radius: 8px; padding: 10px 14px; max-width: 62em; text-align: left; "
    "white-space: pre-wrap"
)
_BOX = "border: 1px solid #d8dee4; border-radius: 6px; background: #f6f8fa; padding: 6px 10px; margin: 4px 0 8px"
_CELL = "padding: 1px 10px 1px 0; vertical-align: top; text-align: left; background: #ffffff"
_HEAD = _CELL + "; font-weight: normal; color: #828892"
_TABLE = "border-collapse: collapse; margin: 2px 0; font-size: inherit; color: inherit; border: none"
_PLAIN = Style.null()
_INDENT = 8
"""Pixels for a column of indentation."""


def page(drawn: RenderableType) -> str:
    """One drawing as a piece of HTML that can stand anywhere."""
    return f'<div style="{_PAGE}">{html(drawn)}</div>'


def html(drawn: RenderableType) -> str:
    """Texts, panels, tables, paddings and groups as HTML. Raises MisuseError for anything else."""
    match drawn:
        case Text():
            return f"<div>{_text(drawn)}</div>"
        case Panel():
            title = f"<div>{_cell(drawn.title)}</div>" if drawn.title else ""
            return f'{title}<div style="{_BOX}">{html(drawn.renderable)}</div>'
        case Padding():
            return f'<div style="margin-left: {drawn.left * _INDENT}px">{html(drawn.renderable)}</div>'
        case Group():
            return "".join(html(part) for part in drawn.renderables)
        case Table():
            return _table(drawn)
        case _:
            raise MisuseError(f"{type(drawn).__name__} has no form in HTML")


def _text(text: Text) -> str:
    if not text.plain:
        return "&nbsp;"
    console = Console(file=StringIO())
    base = console.get_style(text.style)
    parts = (_styled(part.text, base + (part.style or _PLAIN)) for part in text.render(console, end=""))
    return "".join(parts).replace("\n", "<br>")


def _styled(text: str, style: Style) -> str:
    shown = escape(text)
    css = (style + Style(bold=False)).get_html_style(_THEME)
    if style.bold:
        shown = f"<b>{shown}</b>"
    return f'<span style="{escape(css)}">{shown}</span>' if css else shown


def _table(table: Table) -> str:
    head = "".join(f'<th style="{_HEAD}">{_cell(column.header)}</th>' for column in table.columns)
    columns = [list(column.cells) for column in table.columns]
    rows = "".join(
        "<tr>" + "".join(_data(cell, column) for cell, column in zip(row, table.columns, strict=True)) + "</tr>"
        for row in zip(*columns, strict=True)
    )
    title = f"<caption>{_cell(table.title)}</caption>" if table.title else ""
    top = f"<tr>{head}</tr>" if table.show_header else ""
    return f'<table style="{_TABLE}">{title}{top}{rows}</table>'


def _data(cell: RenderableType, column: Column) -> str:
    style = Style.parse(column.style) if isinstance(column.style, str) else column.style
    wrap = "; white-space: nowrap" if column.no_wrap else ""
    return f'<td style="{_CELL}{wrap}; {escape(style.get_html_style(_THEME))}">{_cell(cell)}</td>'


def _cell(cell: RenderableType) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return _text(cell) if isinstance(cell, Text) else html(cell)

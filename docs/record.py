"""Records a real run of a command in a terminal with colours, as an SVG.

    python -m docs.record docs/run.svg countersign run desk/mail --workers 2

The command runs once, in a terminal of its own with fresh runtime files; what it writes is drawn as it came, and the
command stands in the picture's title. Further commands follow after a lone `+`. Of a long run the first and the last
lines are kept, and their number is said.
"""

import argparse
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from html import unescape
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

_CONTROL = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07")
_DARK, _RED, _GREEN, _YELLOW = (36, 41, 47), (190, 50, 40), (30, 130, 60), (160, 110, 0)
_BLUE, _MAGENTA, _CYAN, _GREY = (30, 90, 180), (130, 60, 160), (0, 120, 140), (130, 136, 146)
_COLOURS = [_RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN]
_THEME = TerminalTheme((250, 250, 252), _DARK, [_DARK, *_COLOURS, (90, 96, 106)], [_GREY, *_COLOURS, _DARK])
_FONT_FACES = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""rich's pictures load a font from the network; the viewer's own monospace font does as well."""
_SPACE = "&#160;"
_LEADING = re.compile(
    r'x="(?P<place>[\d.]+)"(?P<between>[^>]*?)textLength="(?P<width>[\d.]+)"(?P<end>[^>]*)>'
    r"(?P<spaces>(?:&#160;)+)(?P<rest>[^<]+)<"
)


def main() -> None:
    """Runs the command that is given and writes the picture."""
    parser = argparse.ArgumentParser(prog="python -m docs.record", description="Record a command as SVG.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--columns", type=int, default=112)
    parser.add_argument("--first", type=int, default=23, help="lines kept from the beginning")
    parser.add_argument("--last", type=int, default=18, help="lines kept from the end")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    first, *others = _commands(given.command)
    shown = screen(run(first, given.columns))
    for command in others:
        prompt = f"\x1b[1;32m$\x1b[0m \x1b[1m{shlex.join(command)}\x1b[0m"
        shown += ["", prompt, *screen(run(command, given.columns))]
    given.picture.write_text(picture(shlex.join(first), cut(shown, given.first, given.last), given.columns))


def _commands(words: list[str]) -> list[list[str]]:
    """The commands that a lone `+` separates, to be run one after the other."""
    found: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            found.append([])
        else:
            found[-1].append(word)
    return found


def run(command: list[str], columns: int) -> str:
    """All that a command writes to a terminal of so many columns; it finds its runtime files in COUNTERSIGN_VAR."""
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        place = os.environ.get("COUNTERSIGN_VAR", folder)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "TERM": "xterm-256color", "COUNTERSIGN_VAR": place, "PATH": path}
        started = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=env)
        os.close(terminal)
        written = _all_of(reader)
        started.wait()
    return written.decode("utf-8", "replace")


def _all_of(reader: int) -> bytes:
    """What is written until the other end is closed, which Linux reports as an error."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(reader, 65536)
        except OSError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def screen(written: str) -> list[str]:
    """The lines as they stand at the end: a line that was erased or written again is there once; colours are kept."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[\??[\d;]*[A-Za-z]|\x1b\][^\x07]*\x07|\n)", written):
        control = _CONTROL.fullmatch(part)
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif control is None:
            lines[row] += part.replace("\r", "")
        elif control[2] == "A":
            row = max(0, row - int(control[1] or 1))
        elif control[2] == "K":
            lines[row] = ""
        elif control[2] == "m":
            lines[row] += part
    return [line.rstrip() for line in lines]


def cut(lines: list[str], first: int, last: int) -> list[str]:
    """The first and the last lines of a long run, with the number of those between."""
    while lines and not Text.from_ansi(lines[-1]).plain.strip():
        lines = lines[:-1]
    left = len(lines) - first - last
    return lines if left <= 1 else [*lines[:first], f"\x1b[2m      … {left} lines more …\x1b[0m", *lines[-last:]]


def picture(command: str, lines: list[str], columns: int) -> str:
    """A terminal window with the command and its lines, as SVG."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        for line in lines:
            console.print(Text.from_ansi(line), no_wrap=True, crop=True, overflow="ellipsis")
        return _LEADING.sub(_moved, _FONT_FACES.sub("", console.export_svg(title=command, theme=_THEME)))


def _moved(found: re.Match[str]) -> str:
    """Some viewers drop the spaces that a text begins with, so it is placed where its first sign stands."""
    spaces, signs = len(found["spaces"]) // len(_SPACE), len(unescape(found["spaces"] + found["rest"]))
    width = float(found["width"]) / signs
    place, length = float(found["place"]) + spaces * width, (signs - spaces) * width
    return f'x="{place:g}"{found["between"]}textLength="{length:g}"{found["end"]}>{found["rest"]}<'


if __name__ == "__main__":
    main()

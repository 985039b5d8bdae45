"""What a command shows: results on standard output, progress and remarks on standard error."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from ..plain_text import CONTROL, SIMPLER, printable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.table import Table

# Wide enough for every table, where nobody looks at a screen.
_WIDTH_OF_FILES = 160


class _PlainConsole(Console):
    """Shows every string, those in the cells of tables too, as nothing but text.

    A file may be called `[study]` or `:warning:`, which rich would interpret, or hold the escape
    codes that clear a screen.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


def accept_any_character() -> None:
    """Let standard output and error write what their encoding lacks in simpler characters.

    Terminals of Windows (cp850, cp932), and what cron calls (ascii), cannot show every name.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SIMPLER)


def say(text: str, style: str | None = None) -> None:
    """Print a line of the result; a long one is left for the terminal to wrap."""
    _PlainConsole().print(text, style=style, soft_wrap=True)


def remark(text: str, style: str | None = None) -> None:
    """Print a line that is not the result."""
    remarks().print(text, style=style, soft_wrap=True)


def remarks() -> Console:
    """The console of standard error, where progress is shown."""
    return _PlainConsole(stderr=True)


def show(table: Table) -> None:
    """Print a table of results."""
    console = _PlainConsole()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = _PlainConsole(width=_WIDTH_OF_FILES)
    console.print(table)


def counted(number: int, noun: str) -> str:
    """`1 scan`, `2 scans`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_json(content: Any) -> None:
    """Print the one JSON document of a command.

    What the encoding lacks is written in JSON's own escapes, and so is what a terminal would obey:
    whoever reads the document finds every name as it is, even one that is no UTF-8.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=2)
    print(CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def busy(what: str, quiet: bool = False) -> AbstractContextManager:
    """Show that something goes on, of which nobody knows how long it takes; if `quiet`, nothing."""
    console = remarks()
    shown = console.is_terminal and not quiet
    return console.status(Text(printable(what))) if shown else nullcontext()


@contextmanager
def progress_bar(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yield what is called with (done, in all); without a terminal it prints a line a tenth.

    If `quiet`, nothing is shown.
    """
    if quiet:
        yield lambda done, total: None
        return
    console = remarks()
    if not console.is_terminal:
        yield _lines_of_progress(what)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    named = TextColumn("{task.description}", markup=False)
    columns = (named, BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _lines_of_progress(what: str) -> Callable[[int, int], None]:
    shown = 0

    def advance(done: int, total: int) -> None:
        nonlocal shown
        tenth = done * 10 // max(total, 1)
        if tenth > shown:
            shown = tenth
            remark(f"{what}: {done} of {total}")

    return advance

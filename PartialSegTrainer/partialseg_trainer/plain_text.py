"""Text from elsewhere (names of files, titles) as nothing but text, wherever it is shown."""

from __future__ import annotations

import codecs
import csv
import html
import io
import re

# Control characters but tab and line feed; marks that turn the direction of writing, so that a name
# can be made to look like another; line separators; halves of pairs, as which Python keeps bytes of
# file names that are no UTF-8.
CONTROL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# What we write ourselves, for encodings that do not have it.
_SIMPLER = {"±": "+/-", "—": "-", "…": "...", "\u2013": "-", "\u2019": "'", "\u00d7": "x"}
_NUMBER = re.compile(r"[-+](inf|[\d.]+(e[-+]?\d+)?)( ± [\d.]+)?( \(\d+ of \d+\))?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

SIMPLER = "partialseg-simpler"
"""The name of the error handler that writes what an encoding lacks in simpler characters."""


def printable(text: str) -> str:
    """The text with what a terminal would obey, or cannot show, written as escapes: `\\x1b`.

    Tabs and line feeds stay.
    """
    return CONTROL.sub(lambda found: _escape(found[0]), text)


def markdown(text: str) -> str:
    """The text for Markdown, in which none of it is markup or HTML."""
    text = re.sub(r"([\\`*\[\]|~]|(?<!\w)_|_(?!\w)|^(?=[-+]\s|#|>))", r"\\\1", _one_line(text))
    return html.escape(text, quote=False)


def spreadsheet(table: str) -> str:
    """A CSV table in which no cell begins as a formula does; an apostrophe goes before those.

    Numbers keep their sign. See OWASP, "CSV Injection".
    """
    guarded = io.StringIO()
    rows = csv.reader(io.StringIO(table, newline=""))
    csv.writer(guarded, lineterminator="\n").writerows(
        [_cell(cell) for cell in row] for row in rows
    )
    return guarded.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def _simpler(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_SIMPLER.get(each) or _escape(each) for each in missing), error.end


codecs.register_error(SIMPLER, _simpler)

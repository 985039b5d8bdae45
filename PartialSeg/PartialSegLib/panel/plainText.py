"""Names and titles as nothing but text, where Qt would look for HTML in them."""

from __future__ import annotations

import html

import qt


def plain(text: str) -> str:
    """The text as a tooltip or message box shows it letter by letter.

    Qt takes a text for HTML when it looks so, and these two cannot be told otherwise.
    """
    if "<" not in text:
        return text
    return f'<span style="white-space: pre-wrap">{html.escape(text, quote=False)}</span>'


def breakable(name: str) -> str:
    """The name of a file for a narrow cell, which may break it behind an underscore too.

    Qt puts dots for the rest of a word that has no such place.
    """
    return name.replace("_", "_\N{ZERO WIDTH SPACE}")


def showPlainText(widget) -> None:
    """Let all labels in a widget show text, whatever it looks like."""
    for label in widget.findChildren("QLabel"):
        label.setTextFormat(qt.Qt.PlainText)

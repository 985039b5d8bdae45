"""slicer.i18n: texts in English, for there are no translations here."""

from __future__ import annotations


def tr(text: str) -> str:
    return text


def translate(context: str, text: str) -> str:
    return text

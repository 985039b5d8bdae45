"""Equations as MathML, which browsers show themselves: no script and no font is loaded for them.

A hook of mkdocs. What pymdownx.arithmatex has found is written by latex2mathml.
"""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert
from mkdocs.structure.pages import Page

INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def on_page_content(content: str, page: Page, **_) -> str:
    """Put MathML in the place of TeX."""
    content = INLINE.sub(lambda match: convert(html.unescape(match[1])), content)
    return BLOCK.sub(
        lambda match: (
            f'<div class="equation">{convert(html.unescape(match[1]), display="block")}</div>'
        ),
        content,
    )

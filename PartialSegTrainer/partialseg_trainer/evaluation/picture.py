"""A picture for a report: PNG bytes and the words for those who cannot see it."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass

from matplotlib.figure import Figure

_DPI = 144


@dataclass(frozen=True)
class Picture:
    """PNG bytes, an alternative text, and a second PNG for dark pages where there is one."""

    png: bytes
    alt: str
    dark_png: bytes | None = None

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return _data_uri(self.png)

    @property
    def dark_uri(self) -> str | None:
        """The picture for dark pages as a data URI."""
        return None if self.dark_png is None else _data_uri(self.dark_png)


def render(figure: Figure) -> bytes:
    """The figure as PNG bytes, the same for the same figure whatever the day or version."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + b64encode(png).decode("ascii")

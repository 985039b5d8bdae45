"""Properties that are kept and given back, and change nothing else here."""

from __future__ import annotations

from PySide6.QtCore import Property


def kept(kind, name: str, default, *, writable: bool = True) -> Property:
    """A property of a type, whose value is in the object's dict `kept`."""

    def read(self):
        return self.kept.get(name, default)

    def write(self, value) -> None:
        self.kept[name] = value

    return Property(kind, read, write if writable else None)

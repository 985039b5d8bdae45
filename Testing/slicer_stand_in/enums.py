"""Qt's enumerators as PythonQt shows them: integers that are attributes of their class."""

from __future__ import annotations

import enum
from functools import cache

from .offered import isRefused


class EnumValue(int):
    """An enumerator. It is an integer, and combined with others it is one as well."""

    member: enum.Enum

    def __new__(cls, member: enum.Enum) -> EnumValue:
        value = super().__new__(cls, member.value)
        value.member = member
        return value

    def __or__(self, other):
        if isinstance(other, EnumValue) and isinstance(self.member, enum.Flag):
            return EnumValue(self.member | other.member)
        return int(self) | int(other)

    def __and__(self, other):
        if isinstance(other, EnumValue) and isinstance(self.member, enum.Flag):
            return EnumValue(self.member & other.member)
        return int(self) & int(other)

    def __invert__(self):
        return EnumValue(~self.member) if isinstance(self.member, enum.Flag) else ~int(self)

    def __repr__(self) -> str:
        return f"{self.member.name} ({int(self)})"

    __str__ = __repr__


@cache
def enumerators(qtClass: type) -> dict[str, EnumValue]:
    """All enumerators of a class and those that it inherits from, by their names."""
    found: dict[str, EnumValue] = {}
    for parent in reversed(qtClass.__mro__):
        # To look at __signature__ lets PySide6 describe a whole module, which takes longer than to
        # open the panel.
        for name in (each for each in dir(parent) if not each.startswith("__")):
            value = getattr(parent, name, None)
            if isinstance(value, type) and issubclass(value, enum.Enum):
                found |= {key: EnumValue(member) for key, member in value.__members__.items()}
    return {name: value for name, value in found.items() if not isRefused(qtClass, name)}

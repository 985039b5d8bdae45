"""Writes names.json: what PySide6 has and PythonQt, on Qt 5.15, has not.

To offer one more class, add its name to names.json with an empty list and run
`python Testing/slicer_stand_in/collect_names.py CLONE`; CLONE is one of the repository
MeVisLab/pythonqt that still has the folder generated_cpp_515. Only names are read from there.
"""

from __future__ import annotations

import enum
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets

NAMES = Path(__file__).with_name("names.json")

# Signals and slots are Qt's own and not in PythonQt's files; these came with Qt 6 (its
# documentation says "since").
NEW_SIGNALS = {
    "QAction": ["checkableChanged", "enabledChanged", "resetEnabled", "visibleChanged"],
    "QCheckBox": ["checkStateChanged"],
    "QHeaderView": ["sortIndicatorClearableChanged"],
}


def offeredNames(clone: Path) -> dict[str, set[str]]:
    """Methods and enumerators of every class that PythonQt wraps for Qt 5.15."""
    offered: dict[str, set[str]] = {}
    files = [*clone.glob("generated_cpp_515/*/*.h"), *clone.glob("src/gui/*.h")]
    wrapper = re.compile(r"class \w*\s*PythonQtWrapper_(\w+) : public QObject\s*\{(.*?)\n\};", re.S)
    for file in files:
        for name, body in wrapper.findall(file.read_text(encoding="utf-8")):
            names = re.findall(rf"(?:static_{name}_|py_q_)?(\w+)\(", body)
            values = re.findall(r"(\w+)\s*=\s*\w+::", body)
            offered.setdefault(name, set()).update(names, values)
    decorators = (clone / "src" / "PythonQtStdDecorators.h").read_text(encoding="utf-8")
    offered["QObject"].update(re.findall(r"(\w+)\(QObject\*", decorators))
    return offered


def findClass(name: str) -> type:
    return next(getattr(each, name) for each in (QtWidgets, QtGui, QtCore) if hasattr(each, name))


def declaredNames(qtClass: type) -> Iterable[str]:
    """What Qt's meta object of a class has: signals, slots, properties, enumerators."""
    meta = getattr(qtClass, "staticMetaObject", None)
    if meta is None:
        return
    for index in range(meta.methodCount()):
        yield bytes(meta.method(index).name().data()).decode()
    for index in range(meta.propertyCount()):
        yield meta.property(index).name()
    for index in range(meta.enumeratorCount()):
        yield from (meta.enumerator(index).key(i) for i in range(meta.enumerator(index).keyCount()))


def ownNames(qtClass: type) -> set[str]:
    """What PySide6 has in a class itself, enumerators included."""
    names = set()
    for name, value in vars(qtClass).items():
        if isinstance(value, type) and issubclass(value, enum.Enum):
            names.update(value.__members__)
        elif not name.startswith("_") and name != "staticMetaObject":
            names.add(name)
    return names


def newProperties(qtClass: type, offered: set[str]) -> Iterable[str]:
    """Properties whose reading method PythonQt does not know."""
    meta = getattr(qtClass, "staticMetaObject", None)
    for index in range(meta.propertyOffset(), meta.propertyCount()) if meta is not None else ():
        name = meta.property(index).name()
        title = name[0].upper() + name[1:]
        if not {name, f"is{title}", f"has{title}", f"to{title}"} & offered:
            yield name


def main() -> None:
    offered = offeredNames(Path(sys.argv[1]))
    refused = {}
    for name in json.loads(NAMES.read_text(encoding="utf-8")):
        qtClass = findClass(name)
        wrapped = set().union(*(offered.get(each.__name__, ()) for each in qtClass.__mro__))
        names = set()
        if issubclass(qtClass, shiboken6.Object):
            names = ownNames(qtClass) - wrapped - set(declaredNames(qtClass))
        names |= set(newProperties(qtClass, wrapped))
        refused[name] = sorted(names | set(NEW_SIGNALS.get(name, ())))
    lines = [f"  {json.dumps(name)}: {json.dumps(names)}" for name, names in refused.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    NAMES.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

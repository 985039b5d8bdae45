"""What Slicer's translators are given: the texts that Qt's lupdate finds in the module.

Slicer's own script (Utilities/Scripts/update_translations.py) first writes each `_("...")` as Qt
knows it, `translate("context", "...")`, by a regular expression, and then calls lupdate. What
either does not understand reaches no translator, in silence.
"""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import PySide6

LUPDATE = Path(PySide6.__file__).parent / "lupdate"


def texts_found(module: Path, folder: Path) -> dict[str, set[str]]:
    """The texts of a copy of the module's folder, by context: a Python file's, or a form's."""
    copy = folder / module.name
    shutil.copytree(module, copy, ignore=shutil.ignore_patterns("*.png", "Models", "__pycache__"))
    for file in copy.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        file.write_text(_as_qt_knows_it(source, context_of(file)), encoding="utf-8")
    listed = folder / "files.txt"
    files = [*copy.rglob("*.py"), *copy.rglob("*.ui")]
    listed.write_text("\n".join(map(str, files)), encoding="utf-8")
    found = folder / "PartialSeg_en-US.ts"
    subprocess.run(
        [str(LUPDATE), f"@{listed}", "-extensions", "py,ui", "-silent", "-ts", str(found)],
        check=True,
        capture_output=True,
    )
    return {
        context.findtext("name", ""): {
            message.findtext("source", "") for message in context.iter("message")
        }
        for context in ElementTree.parse(found).iter("context")
    }


def context_of(file: Path) -> str:
    """What Slicer calls the texts of a Python file, when it looks for them and when they are shown.

    That is its name, behind that of its folder where this is a package.
    """
    package = (file.parent / "__init__.py").is_file()
    return f"{file.parent.name}.{file.stem}" if package else file.stem


def _as_qt_knows_it(source: str, context: str) -> str:
    for quote in ('"', "'"):
        source = re.sub(
            rf"(?<=[^_])_\((\s*?{quote}.+?{quote}\s*?)\)",
            rf'translate("{context}", \1)',
            source,
            flags=re.DOTALL,
        )
    return source

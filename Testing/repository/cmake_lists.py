"""The file lists that Slicer packages by, and the tracked files that they have to name.

Run this file (`make lists`) to write the lists anew.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("PartialSeg", "PartialSegTrainer")
KINDS = ("SCRIPTS", "RESOURCES")
# The recipe of the model that comes along, which no user of Slicer needs.
NOT_FOR_SLICER = ("default_model",)


def tracked(folder: str) -> dict[str, list[str]]:
    """What of a folder git tracks and Slicer needs, relative to it: Python files, and all else.

    Raises subprocess.CalledProcessError where the tree is no git checkout.
    """
    output = subprocess.run(
        ["git", "ls-files", "-z", "--", folder],
        **{"cwd": ROOT, "check": True, "capture_output": True, "text": True},
    ).stdout
    paths = [PurePosixPath(path).relative_to(folder) for path in output.split("\0") if path]
    paths = [str(path) for path in paths if path.parts[0] not in NOT_FOR_SLICER]
    return {
        "SCRIPTS": sorted(path for path in paths if path.endswith(".py")),
        "RESOURCES": sorted(
            path for path in paths if not path.endswith(".py") and path != "CMakeLists.txt"
        ),
    }


def listed(folder: str) -> dict[str, list[str]]:
    """What the folder's CMakeLists.txt lists."""
    text = (ROOT / folder / "CMakeLists.txt").read_text(encoding="utf-8")
    return {kind: _list(kind).search(text)["files"].split() for kind in KINDS}


def write(folder: str) -> None:
    """Make the lists of the folder's CMakeLists.txt equal to the tracked files."""
    path = ROOT / folder / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    for kind, files in tracked(folder).items():
        lines = "".join(f"  {file}\n" for file in files)
        text = _list(kind).sub(lambda match, lines=lines: match["head"] + lines + "  )", text)
    path.write_text(text, encoding="utf-8")


def _list(kind: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<head>set\(\w+_PYTHON_{kind}\n)(?P<files>[^)]*)\)")


if __name__ == "__main__":
    for name in FOLDERS:
        write(name)

"""What the module knows about MRML and Qt, in rooms; CONTRIBUTING.md shows them.

Scripts that import a file by where it lay before there were rooms, `PartialSegLib.export` for
`PartialSegLib.dataset.export`, find it there still.
"""

import importlib
import sys
import types

_USED_BY_SCRIPTS = {
    "scene": (
        *("geometry", "headless", "masks", "region", "segmentationNodes", "segments"),
        *("segmentStatus", "volumes"),
    ),
    "prediction": ("results", "segmentation"),
    "dataset": ("caseLoading", "export"),
}


def _leadTo(place: str) -> None:
    """Let a file be imported without its room; it is opened when something of it is asked for."""

    def fromThere(wanted: str):
        if wanted.startswith("__"):
            # What looks through all modules asks for these, and is not to open anything.
            raise AttributeError(wanted)
        return getattr(importlib.import_module(place), wanted)

    package, _, file = place.rpartition(".")
    sign = types.ModuleType(f"{package.rpartition('.')[0]}.{file}", f"Lies in {place} now.")
    sign.__getattr__ = fromThere
    sys.modules[sign.__name__] = sign


for _room, _files in _USED_BY_SCRIPTS.items():
    for _file in _files:
        _leadTo(f"{__name__}.{_room}.{_file}")

"""The dataset that was used last, for the next scene and the next start of Slicer."""

import qt
import slicer.util

_KEY = "PartialSeg/Dataset"


def rememberDataset(folder: str) -> None:
    """Keep the folder among Slicer's settings."""
    qt.QSettings().setValue(_KEY, folder)


def lastDataset() -> str:
    """The folder that was used last, empty if none was."""
    return slicer.util.settingsValue(_KEY, "")

"""How long segmenting a scan will take, as told by how long it took before."""

from __future__ import annotations

import qt
import slicer.util

_KEY = "PartialSeg/SecondsPerMegavoxel"
# Starting a process and reading the model.
_START_SECONDS = 5
# Measured with the default model on two busy cores: 22 s for 200^3 voxels, 46 s for 256^3.
_CPU_SECONDS_PER_THREAD = 4.5


def expectedSeconds(volumeNode, device: str, isCPU: bool, threads: int) -> float | None:
    """The time that a scan takes on a device of this title; None where it is not known yet."""
    megavoxels = _megavoxels(volumeNode)
    if not megavoxels:
        return None
    rate = float(slicer.util.settingsValue(_key(device), 0.0, converter=float))
    if not rate and isCPU:
        rate = _CPU_SECONDS_PER_THREAD / max(threads, 1)
    return _START_SECONDS + rate * megavoxels if rate else None


def rememberSeconds(volumeNode, device: str, seconds: float) -> None:
    """Learn from a scan how fast this computer is."""
    megavoxels = _megavoxels(volumeNode)
    # Of a tiny scan the start is all there is.
    if megavoxels >= 1 and seconds > _START_SECONDS:
        qt.QSettings().setValue(_key(device), (seconds - _START_SECONDS) / megavoxels)


def _key(device: str) -> str:
    # A slash would begin a group of settings.
    return f"{_KEY}/{device.replace('/', ' ')}"


def _megavoxels(volumeNode) -> float:
    image = volumeNode.GetImageData() if volumeNode is not None else None
    return image.GetNumberOfPoints() / 1e6 if image is not None else 0.0

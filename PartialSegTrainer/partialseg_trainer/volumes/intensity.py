"""Bring scans of any scanner and preprocessing to one intensity scale."""

from __future__ import annotations

import numpy as np

from .foreground import Foreground, thinned

# Percentiles that become 0 and 1: one voxel in a hundred may be an artefact.
LOW, HIGH = 1, 99


def normalise_intensity(
    data: np.ndarray,
    found: Foreground | None = None,
    box: tuple[slice, slice, slice] = (slice(None),) * 3,
) -> np.ndarray:
    """Scale a scan to [0, 1] by percentiles that outliers do not move; float32 of the same shape.

    In a masked (skull-stripped) scan both percentiles are the brain's, and the background becomes
    0, whatever its value was. In any other scan the high one is that of the foreground and the low
    one that of the whole volume, the air, because the darkest tissue may lie below any threshold.
    What lies beyond the percentiles is clipped. A constant scan becomes 0.

    Args:
        data: (X, Y, Z), finite, of any real type, unit and sign.
        found: its foreground, where that is known already.
        box: the part to return; the percentiles are those of the whole scan.
    """
    # First of all float32, because a subtraction would overflow in the unsigned types of raw scans.
    data = np.asarray(data, dtype=np.float32)
    found = found or Foreground.of(data)
    inside = found.mask[box]
    if not found.mask.any():
        return np.zeros_like(data[box])
    # Values in the order of the memory: across it they take ten times as long to collect.
    tissue = thinned(data.T[found.mask.T])
    low = np.percentile(tissue if found.masked else thinned(data), LOW)
    high = np.percentile(tissue, HIGH)
    if low == high:
        return inside.astype(np.float32)
    scaled = data[box] - np.float32(low)
    scaled /= np.float32(high - low)
    np.clip(scaled, 0, 1, out=scaled)
    if found.masked:
        scaled[~inside] = 0
    return scaled

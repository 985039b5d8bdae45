"""Bring scans of any scanner and preprocessing to one intensity scale."""

from __future__ import annotations

import numpy as np

from .foreground import foreground, masked_value, thinned

# Percentiles that become 0 and 1: one voxel in a hundred may be an artefact.
LOW, HIGH = 1, 99


def normalise_intensity(data: np.ndarray) -> np.ndarray:
    """Scale a scan to [0, 1] by percentiles that outliers do not move; float32 of the same shape.

    In a masked (skull-stripped) scan both percentiles are the brain's, and the background becomes
    0, whatever its value was. In any other scan the high one is that of the foreground and the low
    one that of the whole volume, the air, because the darkest tissue may lie below any threshold.
    What lies beyond the percentiles is clipped. A constant scan becomes 0.

    Args:
        data: (X, Y, Z), finite, of any real type, unit and sign.
    """
    # First of all float32, because a subtraction would overflow in the unsigned types of raw scans.
    scaled = np.array(data, dtype=np.float32, order="C")
    inside = foreground(scaled)
    if not inside.any():
        return np.zeros_like(scaled)
    tissue = thinned(scaled[inside])
    masked = masked_value(scaled) is not None
    low = np.percentile(tissue if masked else thinned(scaled), LOW)
    high = np.percentile(tissue, HIGH)
    if low == high:
        return inside.astype(np.float32)
    scaled -= np.float32(low)
    scaled /= np.float32(high - low)
    np.clip(scaled, 0, 1, out=scaled)
    if masked:
        scaled[~inside] = 0
    return scaled

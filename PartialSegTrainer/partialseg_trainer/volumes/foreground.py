"""Which voxels of a scan show the patient, and the box around them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu


def foreground(data: np.ndarray) -> np.ndarray:
    """Where a scan, (X, Y, Z), differs from its background, as a boolean array.

    In a masked (skull-stripped) scan the background is one value, see `masked_value`; in any other
    scan it is what lies below Otsu's threshold. A constant scan has no foreground.
    """
    value = masked_value(data)
    return data > _otsu_threshold(data) if value is None else data != value


def brain_box(data: np.ndarray, margin: int = 0) -> tuple[slice, slice, slice]:
    """The smallest box around the foreground of a scan or labelmap, (X, Y, Z).

    Of an unmasked scan only the largest connected piece counts, so noise does not widen the box.
    Without any foreground the box is the whole volume.

    Args:
        margin: voxels added on every side, as far as the volume goes.
    """
    mask = foreground(data)
    if masked_value(data) is None:
        pieces, count = ndimage.label(mask)
        if count > 1:
            mask = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    if not mask.any():
        return tuple(slice(0, size) for size in data.shape)
    box = []
    for axis, size in enumerate(mask.shape):
        inside = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        box.append(slice(max(int(inside[0]) - margin, 0), min(int(inside[-1]) + 1 + margin, size)))
    return tuple(box)


def masked_value(data: np.ndarray) -> float | None:
    """The one value, 0 or negative or any other, that surrounds the brain in a masked scan.

    None when the scan is not masked: when no value is held by most voxels on its six faces.
    """
    faces = [np.take(data, end, axis).ravel() for axis in range(3) for end in (0, -1)]
    values, counts = np.unique(np.concatenate(faces), return_counts=True)
    most = counts.argmax()
    return values[most] if counts[most] > counts.sum() / 2 else None


def thinned(values: np.ndarray) -> np.ndarray:
    """About a million of the values, evenly spread: enough for percentiles, in a tenth of the time.

    The step is odd, so that it does not fall into line with rows of 128 or 256 voxels.
    """
    return values.ravel(order="K")[:: (values.size // 1_000_000) | 1]


def _otsu_threshold(data: np.ndarray) -> float:
    # Outliers would stretch the histogram until all tissue falls into its first bin.
    voxels = thinned(data)
    low, high = np.percentile(voxels, (1, 99))
    return threshold_otsu(np.clip(voxels, low, high)) if low < high else high

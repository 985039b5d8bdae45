"""Labels as they lie in a head, at any size: smooth, and each within the one before.

All of them overlap, which is the most that a segmentation has to hold and an export to take apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from partialseg_trainer.labels import LabelScheme

SPACING_MM = 0.5


def nested_scheme(count: int) -> LabelScheme:
    """A chain of so many labels: `l1` contains `l2`, which contains `l3`, and so on."""
    inner: list[dict[str, Any]] = []
    for value in range(count, 0, -1):
        inner = [{"name": f"l{value}", "value": value, "children": inner}]
    return LabelScheme.from_dict({"name": f"nested-{count}", "labels": inner})


def nested_labelmap(size: int, count: int) -> np.ndarray:
    """(size, size, size) uint8: in how many of the labels a voxel is, 0 outside.

    The innermost has a sixth of the outermost one's radius, and the surfaces are uneven.
    """
    labelmap = np.empty((size,) * 3, dtype=np.uint8)
    y, x = np.ogrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    # Plane by plane, so that a measurement of memory does not measure this.
    for z, plane in zip(np.linspace(-1, 1, size), labelmap, strict=True):
        radius = np.sqrt(x**2 + y**2 + z**2) / 0.9 + 0.04 * np.sin(9 * x + 4 * z) * np.cos(8 * y)
        plane[...] = np.clip(np.ceil((1 - radius) * 1.2 * count), 0, count)
    return labelmap


def nested_scan(labelmap: np.ndarray) -> np.ndarray:
    """A scan (int16) of the labels: a grey value for each of them, and noise."""
    rng = np.random.default_rng(0)
    scan = np.empty(labelmap.shape, dtype=np.int16)
    for plane, labels in zip(scan, labelmap, strict=True):
        grey = np.array([20, 300, 420, 340, 460, 380, 500])[labels % 7]
        plane[...] = grey + rng.normal(0, 12, labels.shape)
    return scan

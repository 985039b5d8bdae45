"""Job "phantom": a synthetic newborn's scan with its true labels, made on the spot.

Request: `seed`, and `shape`, the voxels (K, J, I) or null for voxels of 1 mm; a head fills them
whatever their number. Result: arrays `image` and `labelmap`, their `affine` (4, 4) from array
indices to RAS mm, and the name of the labels' `scheme`.
"""

from __future__ import annotations

from typing import Any

from ..synthesis import make_phantom
from ..synthesis.phantom import FIELD_MM, SCHEME
from .axes import array_affine, to_array
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    job.report("Making the phantom")
    phantom = make_phantom(request["seed"], **_grid(request["shape"]))
    job.write_array("image", to_array(phantom.image.data))
    job.write_array("labelmap", to_array(phantom.labelmap.data))
    return {"affine": array_affine(phantom.image.affine), "scheme": SCHEME}


def _grid(shape: list[int] | None) -> dict[str, Any]:
    """Shape and spacing with which these voxels just cover a head."""
    if shape is None:
        return {}
    voxels = tuple(reversed(shape))
    spacing = max(field / count for field, count in zip(FIELD_MM, voxels, strict=True))
    return {"shape": voxels, "spacing": spacing}

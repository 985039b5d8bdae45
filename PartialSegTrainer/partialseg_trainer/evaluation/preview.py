"""A picture of one result: the scan, and the labels over it, in three planes."""

from __future__ import annotations

import os

from ..files import atomic_path
from ..inference import Segmentation
from ..volumes import Volume, read_labelmap
from .pictures import segmentation_picture


def write_preview(path: str | os.PathLike, result: Segmentation, image: Volume) -> None:
    """Write a PNG of the scan and what was found in it, whole or not at all.

    Its slices are laid through the largest super-label, or the largest label of a scheme without.
    """
    volumes, scheme = result.volumes_ml(), result.scheme
    focus = max(volumes, key=lambda name: (bool(scheme[name].children), volumes[name]))
    picture = segmentation_picture(
        image, {"Labels": read_labelmap(result.labelmap)}, scheme, focus=focus, name="the scan"
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(picture.png)

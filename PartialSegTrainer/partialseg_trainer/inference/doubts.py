"""What about a scan is unlike those that a model knows, in words for who looks at the result.

The limits lie beyond all 28 volumes of two atlases, of 21 to 34 weeks (Fidon et al., Open Research
Europe 2021, and Wu et al., NeuroImage 2021), and a model's own beyond what it gives on scans that
it segments well; `Testing/benchmarks/robustness.py` measures which scans are told of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..dataset.contrast import DEFAULT
from ..labels import LabelScheme
from ..volumes import Volume
from ..volumes.preprocessing import Prepared, from_slices
from .showing import Showing

# Rules are for schemes that have the labels they speak of; dhcp9 and fetal8 do.
_DARKER, _WHITE = ("dgm", "brainstem"), "wm"
_CEREBRUM, _CEREBELLUM = "tcv", "cerebellum"
# Down and to the back, in RAS; its angle in the atlases is at most 14 degrees off this.
_TO_CEREBELLUM = np.array([0.0, -0.56, -0.83])
_MOST_DEGREES = 45
# Tissue around the brain, which has no border to be sure of.
_AROUND = "background"
# Of the cerebrum's volume; 0.018 with the small posterior fossa of spina bifida, 0.07 at term.
_LEAST_CEREBELLUM = 0.017
_MOST_MM = 3.5
# Every so many voxels along each axis are enough for means.
_STEP = 3


def doubts(
    labelmap: Volume,
    scheme: LabelScheme,
    prepared: Prepared,
    confidence: Mapping[str, float | None],
    least_confidence: float | None = None,
    untold: Collection[str] = (),
    contrast: str = DEFAULT,
    showing: Showing | None = None,
) -> tuple[str, ...]:
    """Sentences about a segmentation, none where nothing is odd.

    Args:
        labelmap: the result, on the scan's own grid.
        prepared: the scan as the network saw it.
        confidence: label -> mean confidence in it, [0, 1]; None where it has no voxel.
        least_confidence: what the model has in every label of a scan that it knows; None if nobody
            measured that.
        untold: labels that the model does not tell.
        contrast: that of the scan's first image; which tissue is the darker is known of T2w alone.
        showing: how the network was shown the scan, where that is not as it is.
    """
    showing = showing or Showing()
    found = []
    if showing.degrees >= 10:
        found.append(
            f"The head lies turned by about {showing.degrees:.0f} degrees in the scan, so the "
            "model was shown it upright."
        )
    thickness = max(labelmap.spacing)
    if thickness > _MOST_MM:
        found.append(
            f"The scan's slices are {thickness:.1f} mm apart, so that thin structures are blurred "
            "in it; take borders across the slices for rough."
        )
    if showing.size != 1:
        found.append(
            f"The brain is about {showing.size:.1f} times as wide, long and high as those that the "
            "model knows, so the model was shown it at their size; check the scan's voxel size."
        )
    if showing.inverted:
        found.append(
            "Bright and dark are exchanged in the scan, as in a T1-weighted one, so the model was "
            "shown it inverted; check the segments, or choose a T2-weighted scan."
        )
    elif contrast == DEFAULT and _has(scheme, *_DARKER, _WHITE):
        dark, white = _means(labelmap, scheme, prepared, _DARKER, (_WHITE,))
        if dark is not None and white is not None and dark >= white:
            found.append(
                "The scan does not look T2-weighted: deep grey matter and brainstem, as found, are "
                "not darker than white matter, as they are in newborns; choose a T2-weighted scan."
            )
    if _has(scheme, _CEREBRUM, _CEREBELLUM):
        found += _of_cerebellum(labelmap, scheme)
    if least_confidence is not None:
        low = {
            name: mean
            for name, mean in confidence.items()
            if mean is not None and mean < least_confidence and name not in (_AROUND, *untold)
        }
        if low:
            listed = ", ".join(f"{scheme[name].title} ({mean:.2f})" for name, mean in low.items())
            found.append(
                f"The model is less sure than on scans like those it knows: {listed}, where it "
                f"has at least {least_confidence:.2f}; look at these first, and at the scan's "
                "contrast, resolution and orientation."
            )
    return tuple(found)


def _has(scheme: LabelScheme, *names: str) -> bool:
    return all(name in scheme for name in names)


def _means(
    labelmap: Volume, scheme: LabelScheme, prepared: Prepared, *groups: tuple[str, ...]
) -> list[float | None]:
    """The mean intensity in each group of labels, as the network saw it; None if it is empty."""
    image = from_slices(prepared.slices, prepared.axis)
    # Both grids have the directions of the scan's axes, so each axis of one is one of the other.
    to_native = (np.linalg.inv(prepared.native.affine) @ prepared.grid.affine)[:3]
    along = np.abs(to_native[:, :3]).argmax(axis=1)
    picked = []
    for row, axis, size in zip(to_native, along, prepared.native.shape, strict=True):
        places = row[axis] * np.arange(0, image.shape[axis], _STEP) + row[3]
        picked.append(np.clip(np.rint(places).astype(int), 0, size - 1))
    values = labelmap.data[prepared.box][np.ix_(*picked)].transpose(np.argsort(along))
    seen = image[::_STEP, ::_STEP, ::_STEP]
    means = []
    for names in groups:
        inside = np.any([scheme.mask(values, name) for name in names], axis=0)
        means.append(float(seen[inside].mean()) if inside.any() else None)
    return means


def _of_cerebellum(labelmap: Volume, scheme: LabelScheme) -> list[str]:
    """Whether it is all there, and lies where the header's orientation says that it should."""
    values = labelmap.data[::_STEP, ::_STEP, ::_STEP]
    places = [np.argwhere(scheme.mask(values, name)) for name in (_CEREBRUM, _CEREBELLUM)]
    cerebrum, cerebellum = places
    if not len(cerebrum):
        return []
    if len(cerebellum) < _LEAST_CEREBELLUM * len(cerebrum):
        return [
            "Hardly any cerebellum was found; the scan may be cut off there, or the head may be "
            "tilted far more than in the scans that the model knows."
        ]
    way = labelmap.affine[:3, :3] @ (_STEP * (cerebellum.mean(0) - cerebrum.mean(0)))
    cosine = way @ _TO_CEREBELLUM / np.linalg.norm(way) / np.linalg.norm(_TO_CEREBELLUM)
    if cosine < np.cos(np.radians(_MOST_DEGREES)):
        return [
            "By the orientation in its header the cerebellum does not lie below and behind the "
            "cerebrum; check that the header says truly where left, front and top are."
        ]
    return []

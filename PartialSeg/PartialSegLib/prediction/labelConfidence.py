"""How sure the model was of each label."""

from __future__ import annotations

import numpy as np
import slicer.util

from ..engine.steps import Steps
from ..scene.labelSegments import LabelSegments


def labelConfidences(segments: LabelSegments, confidenceNode) -> Steps[dict[str, float]]:
    """The mean confidence, percent, inside each label that has something drawn; one label a step.

    `confidenceNode` says how sure the model was in each voxel, percent. The segments are taken as
    they are now, corrections included.
    """
    confidence = slicer.util.arrayFromVolume(confidenceNode)
    found = {}
    for name, mask in segments.masks(confidenceNode):
        voxels = np.count_nonzero(mask)
        if voxels:
            found[name] = float(confidence.sum(where=mask, dtype=np.float64) / voxels)
        yield
    return found

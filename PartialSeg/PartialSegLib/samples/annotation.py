"""The annotation of a sample: segments of those labels that count as finished."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from partialseg_trainer.labels import LabelScheme

from ..scene.geometry import localIJKToRAS
from ..scene.labelDisplay import showParts
from ..scene.labelmapLayers import importLayer, labelLayers, layerImage
from ..scene.labelSegments import LabelSegments
from ..scene.segmentationNodes import addSegmentationNode


def addAnnotation(volumeNode, labelmap: np.ndarray, scheme: LabelScheme, complete: Collection[str]):
    """Add a segmentation node of a scan in which the labels `complete` are drawn and complete.

    `labelmap` (K, J, I) holds the scheme's values on the grid of the scan. The other labels get
    empty segments that are not annotated, and a complete label without a voxel is absent.
    """
    node = addSegmentationNode(volumeNode)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    segments = LabelSegments(node, scheme)
    segments.create()
    for layer in labelLayers(scheme, complete):
        image = layerImage(scheme, layer, labelmap)
        importLayer(segments, layer, image, localIJKToRAS(volumeNode))
    segments.settle(complete, emptyIsAbsent=True)
    showParts(segments)
    return node

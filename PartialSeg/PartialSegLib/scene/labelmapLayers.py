"""Labels that do not overlap, imported together as one labelmap that their segments share."""

from collections.abc import Collection

import numpy as np
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.encode import look_up

from .labelSegments import LabelSegments


def labelLayers(scheme: LabelScheme, names: Collection[str]) -> list[tuple[str, ...]]:
    """Split labels into the fewest groups without a label and its super-label in the same one.

    Labels of equal height in the forest (atomic ones, their parents, ...) never contain each other.
    """
    heights: dict[str, int] = {}

    def height(name: str) -> int:
        if name not in heights:
            heights[name] = 1 + max(map(height, scheme[name].children), default=-1)
        return heights[name]

    groups: dict[int, list[str]] = {}
    for name in names:
        groups.setdefault(height(name), []).append(name)
    return [tuple(groups[level]) for level in sorted(groups)]


def layerImage(
    scheme: LabelScheme, layer: Collection[str], labelmap: np.ndarray
) -> slicer.vtkOrientedImageData:
    """What a labelmap shows of the labels of `layer`, as Slicer imports it; it has no place yet.

    `labelmap` is (K, J, I) of the scheme's values, a super-label's the union of its parts.
    """
    # Slicer takes the values 1 to N for the N segments of its list.
    lookup = np.zeros(int(labelmap.max()) + 1, np.min_scalar_type(len(layer)))
    for position, name in enumerate(layer, start=1):
        values = np.array([scheme[entry].value for entry in scheme.descendants(name)])
        lookup[values[values < len(lookup)]] = position
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*reversed(labelmap.shape))
    image.AllocateScalars(get_vtk_array_type(lookup.dtype), 1)
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(labelmap.shape)
    look_up(lookup, labelmap, out=voxels)
    return image


def importLayer(
    segments: LabelSegments,
    layer: Collection[str],
    image: slicer.vtkOrientedImageData,
    ijkToSegmentation: np.ndarray,
) -> None:
    """Replace the content of the labels of `layer` by their image of `layerImage`.

    `ijkToSegmentation` (4, 4) leads from its (I, J, K) to the node's own coordinates.
    """
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(ijkToSegmentation))
    updated = vtk.vtkStringArray()
    for name in layer:
        updated.InsertNextValue(segments.ids[name])
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not logic.ImportLabelmapToSegmentationNode(image, segments.segmentationNode, updated):
        raise RuntimeError("Slicer could not import the labelmap; its log says why.")

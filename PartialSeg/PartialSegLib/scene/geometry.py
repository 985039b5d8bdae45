"""Where the voxels of a volume node are: axis order, and the way to world RAS."""

import numpy as np
import slicer
import slicer.util
import vtk

from partialseg_trainer.errors import UserError


def swapAxes(array: np.ndarray) -> np.ndarray:
    """Slicer's arrays (K, J, I) as the files' (X, Y, Z), or the reverse; a view, not a copy."""
    return array.transpose(2, 1, 0)


def ijkToRAS(volumeNode) -> np.ndarray:
    """(4, 4) from voxel indices (I, J, K) to world RAS in mm, with the parent transforms applied.

    Raises UserError when a transform above the volume bends space: no affine can say that.
    """
    return transformToWorld(volumeNode) @ localIJKToRAS(volumeNode)


def kjiToRAS(volumeNode) -> np.ndarray:
    """The same as `ijkToRAS` for the indices of Slicer's arrays, (K, J, I)."""
    return ijkToRAS(volumeNode)[:, [2, 1, 0, 3]]


def localIJKToRAS(volumeNode) -> np.ndarray:
    """(4, 4) from voxel indices (I, J, K) to the volume's own RAS, without parent transforms."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def transformToWorld(node) -> np.ndarray:
    """(4, 4) from the coordinates of a transformable node to world RAS.

    Raises UserError when a transform above the node is not linear.
    """
    transform, matrix = node.GetParentTransformNode(), vtk.vtkMatrix4x4()
    # Asked before: VTK warns when a matrix is wanted of a transform that has none.
    if transform is not None and not transform.IsTransformToWorldLinear():
        raise UserError(
            f"The {node.GetNodeTagName()} is under a non-linear transform, found where a linear "
            "one or none was expected; harden the transform (Transforms module) and try again."
        )
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(transform, None, matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def sameTransform(node, other) -> bool:
    """Whether two nodes are in one coordinate system."""
    return node.GetParentTransformNode() == other.GetParentTransformNode()


def arrayShape(volumeNode) -> tuple[int, int, int]:
    """The shape (K, J, I) of a volume's array. Raises UserError if the volume has no voxels."""
    image = volumeNode.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        raise UserError("The volume has no voxels; load a scan and select it.")
    return tuple(reversed(image.GetDimensions()))

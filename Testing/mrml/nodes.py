"""Builders of real MRML nodes: a scan in any geometry, segments to draw in, transforms."""

import itertools

import numpy as np
import slicer
import slicer.util
import vtk

from PartialSegLib.scene.segmentStatus import setSegmentStatus

SHAPE = (24, 28, 32)


def affine(spacing=(1.0, 1.0, 1.0), degrees=(0.0, 0.0, 0.0), origin=(0.0, 0.0, 0.0), flip=()):
    """(4, 4) of a scan: rotations about x, y, z, spacing in mm, mirrored axes."""
    transform = vtk.vtkTransform()
    transform.Translate(origin)
    transform.RotateX(degrees[0])
    transform.RotateY(degrees[1])
    transform.RotateZ(degrees[2])
    signs = [-1 if axis in flip else 1 for axis in range(3)]
    transform.Scale(*(size * sign for size, sign in zip(spacing, signs, strict=True)))
    return slicer.util.arrayFromVTKMatrix(transform.GetMatrix())


def addScan(matrix=None, shape=SHAPE):
    """A volume node of random intensities; `shape` is (K, J, I)."""
    values = np.random.default_rng(0).integers(0, 900, shape).astype(np.int16)
    return slicer.util.addVolumeFromArray(values, affine() if matrix is None else matrix, "scan")


def addSegmentation(volumeNode=None):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
    node.CreateDefaultDisplayNodes()
    if volumeNode is not None:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    return node


def saveSegmentation(segmentationNode, path, crop=False):
    """Write it as Slicer does, cut to what is drawn if asked; return the path."""
    storage = slicer.vtkMRMLSegmentationStorageNode()
    slicer.mrmlScene.AddNode(storage)
    storage.SetCropToMinimumExtent(crop)
    storage.SetFileName(str(path))
    assert storage.WriteData(segmentationNode)
    return path


def loadSegmentation(path):
    """A new segmentation, read as Slicer does."""
    node = addSegmentation()
    storage = slicer.vtkMRMLSegmentationStorageNode()
    slicer.mrmlScene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node


def addTransform(matrix):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "transform")
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    return node


def block(shape, begin, end):
    """A bool mask (K, J, I) that is true in a box of voxels."""
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(*limits) for limits in zip(begin, end, strict=True))] = True
    return mask


# An oblique scan of SHAPE, and what most tests draw on it.
OBLIQUE = affine(spacing=(0.7, 0.8, 1.1), degrees=(15, -20, 8), origin=(3, 4, 50))
CEREBRUM = block(SHAPE, (4, 4, 4), (20, 24, 28))
CORTEX = block(SHAPE, (4, 4, 4), (20, 24, 10))


def paint(segmentationNode, segmentID, mask, volumeNode):
    """Draw a segment as Slicer's own functions do."""
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.astype(np.uint8), segmentationNode, segmentID, volumeNode
    )


def annotate(node, scan, masks, **status):
    """Draw masks in the segments of these names, and set the status of segments."""
    for name, mask in masks.items():
        paint(node, name, mask, scan)
    for name, state in status.items():
        setSegmentStatus(node, name, state)


def addBend():
    """A transform that is not linear: it shears a box of 32 x 28 x 24 mm the more, the larger x."""
    spline = vtk.vtkThinPlateSplineTransform()
    spline.SetBasisToR()
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for x, y, z in itertools.product((0, 31), (0, 27), (0, 23)):
        source.InsertNextPoint(x, y, z)
        target.InsertNextPoint(x + 2, y + (2 if x and z else 0), z + (1 if x else 0))
    spline.SetSourceLandmarks(source)
    spline.SetTargetLandmarks(target)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode", "bend")
    node.SetAndObserveTransformToParent(spline)
    return node

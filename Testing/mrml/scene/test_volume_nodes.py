"""The voxels of volume nodes, and where they are."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addBend, addScan, addTransform, affine
from partialseg_trainer.errors import UserError
from partialseg_trainer.volumes import Volume
from PartialSegLib.scene.geometry import ijkToRAS, kjiToRAS
from PartialSegLib.scene.volumes import addVolumeNode, scanArray

OBLIQUE = affine(spacing=(0.5, 0.6, 2.0), degrees=(10, 20, 30), origin=(1, 2, 3), flip=(0,))


def test_a_scan_is_its_nodes_own_array_at_the_nodes_own_place(scene):
    scan = addScan(OBLIQUE)
    assert np.shares_memory(scanArray(scan), slicer.util.arrayFromVolume(scan))
    assert ijkToRAS(scan) == pytest.approx(OBLIQUE)


def test_a_volume_goes_to_a_node_with_its_axes_in_slicers_order(scene):
    data = np.random.default_rng(0).integers(0, 900, (32, 28, 24)).astype(np.int16)
    node = addVolumeNode(Volume(data, OBLIQUE), "scan")
    assert np.array_equal(scanArray(node), data.transpose(2, 1, 0))
    assert ijkToRAS(node) == pytest.approx(OBLIQUE)


def test_parent_transforms_are_part_of_the_affine(scene):
    scan = addScan(OBLIQUE)
    outer, inner = affine(degrees=(0, 0, 40)), affine(spacing=(1, 1, 1.5), origin=(4, 0, 0))
    outerNode, innerNode = addTransform(outer), addTransform(inner)
    innerNode.SetAndObserveTransformNodeID(outerNode.GetID())
    scan.SetAndObserveTransformNodeID(innerNode.GetID())
    assert ijkToRAS(scan) == pytest.approx(outer @ inner @ OBLIQUE)


def test_the_indices_of_slicers_arrays_lead_to_the_same_place(scene):
    scan = addScan(OBLIQUE)
    assert kjiToRAS(scan) @ [3, 4, 5, 1] == pytest.approx(ijkToRAS(scan) @ [5, 4, 3, 1])


def test_a_transform_that_bends_is_refused_with_the_remedy(scene):
    scan = addScan(OBLIQUE)
    scan.SetAndObserveTransformNodeID(addBend().GetID())
    with pytest.raises(UserError, match="harden"):
        ijkToRAS(scan)


def test_a_colour_volume_and_an_empty_one_are_refused(scene):
    colour = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode")
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(3, 3)
    colour.SetAndObserveImageData(image)
    with pytest.raises(UserError, match="3 values"):
        scanArray(colour)
    with pytest.raises(UserError, match="no voxels"):
        scanArray(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))

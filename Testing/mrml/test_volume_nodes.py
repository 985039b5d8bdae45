"""Volume nodes and the engine's volumes."""

import numpy as np
import pytest
import slicer
import slicer.util

from nodes import addBend, addScan, addTransform, affine
from partialseg_trainer.errors import UserError
from PartialSegLib.geometry import ijkToRAS, kjiToRAS
from PartialSegLib.volumes import addVolumeNode, volumeFromNode

OBLIQUE = affine(spacing=(0.5, 0.6, 2.0), degrees=(10, 20, 30), origin=(1, 2, 3), flip=(0,))


def test_a_scan_has_its_voxels_as_x_y_z_at_the_same_place(scene):
    scan = addScan(OBLIQUE)
    volume = volumeFromNode(scan)
    array = slicer.util.arrayFromVolume(scan)
    assert volume.data.shape == (32, 28, 24)
    assert volume.data[5, 6, 7] == array[7, 6, 5]
    assert volume.affine == pytest.approx(OBLIQUE)


def test_a_volume_goes_to_a_node_and_back_unchanged(scene):
    volume = volumeFromNode(addScan(OBLIQUE))
    again = volumeFromNode(addVolumeNode(volume, "again"))
    assert np.array_equal(again.data, volume.data)
    assert again.affine == pytest.approx(volume.affine)


def test_parent_transforms_are_part_of_the_affine(scene):
    scan = addScan(OBLIQUE)
    outer, inner = affine(degrees=(0, 0, 40)), affine(spacing=(1, 1, 1.5), origin=(4, 0, 0))
    outerNode, innerNode = addTransform(outer), addTransform(inner)
    innerNode.SetAndObserveTransformNodeID(outerNode.GetID())
    scan.SetAndObserveTransformNodeID(innerNode.GetID())
    assert volumeFromNode(scan).affine == pytest.approx(outer @ inner @ OBLIQUE)


def test_the_indices_of_slicers_arrays_lead_to_the_same_place(scene):
    scan = addScan(OBLIQUE)
    assert kjiToRAS(scan) @ [3, 4, 5, 1] == pytest.approx(ijkToRAS(scan) @ [5, 4, 3, 1])


def test_a_transform_that_bends_is_refused_with_the_remedy(scene):
    scan = addScan(OBLIQUE)
    scan.SetAndObserveTransformNodeID(addBend().GetID())
    with pytest.raises(UserError, match="harden"):
        volumeFromNode(scan)


def test_a_colour_volume_and_an_empty_one_are_refused(scene):
    colour = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode")
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(3, 3)
    colour.SetAndObserveImageData(image)
    with pytest.raises(UserError, match="3 values"):
        volumeFromNode(colour)
    with pytest.raises(UserError, match="no voxels"):
        volumeFromNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))

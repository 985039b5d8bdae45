"""How sure the model was of a label is the mean inside its segment."""

import numpy as np
import pytest
import slicer.util

from nodes import SHAPE, addSegmentation, affine, block, paint
from PartialSegLib.engine.steps import finish
from PartialSegLib.prediction.labelConfidence import labelConfidences
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segments import createSegments


def test_each_label_has_the_mean_inside_it_and_empty_ones_have_none(scene, dhcp9):
    confidence = np.random.default_rng(0).integers(0, 101, SHAPE).astype(np.uint8)
    node = slicer.util.addVolumeFromArray(confidence, affine((0.5, 2, 2), (9, 8, 7)))
    segmentation = addSegmentation(node)
    createSegments(segmentation, dhcp9)
    masks = {
        "tcv": block(SHAPE, (2, 2, 2), (20, 20, 20)),
        "wm": block(SHAPE, (4, 4, 4), (9, 9, 9)),
    }
    for name, mask in masks.items():
        paint(segmentation, name, mask, node)
    found = finish(labelConfidences(LabelSegments(segmentation, dhcp9), node))
    assert found == pytest.approx({name: confidence[mask].mean() for name, mask in masks.items()})

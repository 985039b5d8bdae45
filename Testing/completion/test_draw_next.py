"""The slice that is proposed is the one of which the least is sure, along any axis."""

import nibabel
import numpy as np
import pytest

from partialseg_trainer.completion import draw_next
from partialseg_trainer.inference import Segmentation
from partialseg_trainer.labels import LabelScheme

SCHEME = LabelScheme.load("brainstem")
AFFINE = np.array([[0, 0, -3.0, 40], [2.0, 0, 0, -10], [0, 2.5, 0, 5], [0, 0, 0, 1]])


def result(doubtful, labelmap=None):
    found = np.zeros((12, 14, 10), np.uint8) if labelmap is None else labelmap
    if labelmap is None:
        found[2:10, 3:11, 1:9] = 1
    confidence = np.full(found.shape, 0.9, np.float32)
    confidence[doubtful] = 0.4
    images = (nibabel.Nifti1Image(each, AFFINE) for each in (found, confidence))
    return Segmentation(*images, SCHEME)


@pytest.mark.parametrize(
    ("axis", "kind", "mm"),
    [(0, "coronal", -10 + 2.0 * 6), (1, "axial", 5 + 2.5 * 6), (2, "sagittal", 40 - 3.0 * 6)],
)
def test_it_is_found_along_the_axis_of_the_scan_and_told_in_mm_of_ras(axis, kind, mm):
    doubtful = [slice(None)] * 3
    doubtful[axis] = 6
    proposal = draw_next(result(tuple(doubtful)))
    assert (proposal.kind, proposal.index, proposal.mm) == (kind, 6, mm)
    assert proposal.doubt == pytest.approx(0.6)


def test_a_slice_that_hardly_touches_the_brain_is_not_proposed():
    labelmap = np.zeros((12, 14, 10), np.uint8)
    labelmap[2:10, 3:11, 1:9] = 1
    labelmap[5, 5, 0] = 1
    proposal = draw_next(result((5, 5, 0), labelmap))
    assert (proposal.kind, proposal.index) != ("sagittal", 0)


def test_where_nothing_was_found_nothing_is_proposed():
    assert draw_next(result((0, 0, 0), np.zeros((4, 4, 4), np.uint8))) is None

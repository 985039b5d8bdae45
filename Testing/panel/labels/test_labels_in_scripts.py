"""What the section Labels does, called from Python without a panel."""

import numpy as np
import pytest

SHAPE = (12, 14, 16)


def slab(begin, end):
    mask = np.zeros(SHAPE, np.uint8)
    mask[begin:end] = 1
    return mask


@pytest.fixture
def annotated(logic):
    """A scan of 2 mm3 voxels and its segmentation: a complete cerebrum, two of its parts done."""
    import slicer

    scan = slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name="scan")
    scan.SetSpacing(1, 1, 2)
    segmentation, scheme = logic.addSegmentation(scan), logic.scheme("dhcp9")
    logic.createSegments(segmentation, scheme, scan)
    for name, mask in (("tcv", slab(2, 10)), ("cgm", slab(2, 4)), ("wm", slab(4, 8))):
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, name, scan)
        logic.setStatus(segmentation, name, "complete")
    return scan, segmentation, scheme


def test_rows_and_volumes(logic, annotated):
    _, segmentation, scheme = annotated
    rows = {row.name: row for row in logic.labelTable(segmentation, scheme)}
    assert rows["tcv"].status.value == "complete" and rows["wm"].depth == 1
    volumes = logic.labelVolumes(segmentation, scheme)
    assert volumes["wm"] == pytest.approx(4 * 14 * 16 * 2 / 1000)
    assert volumes["csf"] == 0


def test_set_algebra(logic, annotated):
    _, segmentation, scheme = annotated
    part, status = logic.remainderToLastPart(segmentation, scheme, "tcv")
    assert (part, status.value) == ("dgm", "complete")
    assert logic.superLabelFromParts(segmentation, scheme, "tcv").value == "complete"


def test_contradictions(logic, annotated):
    import slicer

    scan, segmentation, scheme = annotated
    assert logic.contradictions(segmentation, scan, scheme) == []
    slicer.util.updateSegmentBinaryLabelmapFromArray(slab(3, 8), segmentation, "wm", scan)
    (found,) = logic.contradictions(segmentation, scan, scheme)
    assert set(found.labels) == {"cgm", "wm"} and found.voxels == 14 * 16


def test_an_impossible_status_is_refused(logic, annotated):
    from partialseg_trainer.errors import UserError

    _, segmentation, _ = annotated
    with pytest.raises(UserError, match="erase it first"):
        logic.setStatus(segmentation, "wm", "absent")

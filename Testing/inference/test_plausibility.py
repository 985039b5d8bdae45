"""What cannot be true of a newborn's brain is said in words."""

import numpy as np
import pytest

from partialseg_trainer.inference.plausibility import implausibilities, share_at_border
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Volume

SCHEME = LabelScheme.load("dhcp9")
WM = SCHEME["wm"].value


def brain_of(shape, box, spacing=2.0):
    """White matter in a box of voxels."""
    labelmap = np.zeros(shape, dtype=np.uint8)
    labelmap[box] = WM
    return Volume(labelmap, np.diag([spacing, spacing, spacing, 1.0]))


@pytest.mark.parametrize("weeks", [28, 40, 44])
def test_a_newborn_is_plausible(weeks):
    phantom = make_phantom(1, spacing=2.0, weeks=weeks)
    assert implausibilities(phantom.labelmap, SCHEME) == ()


def test_a_scan_without_contrast_is_told():
    nothing = Volume(np.zeros((8, 8, 8), np.uint8), np.eye(4))
    (sentence,) = implausibilities(nothing, SCHEME, blank=True)
    assert "one value in all its voxels" in sentence


def test_an_empty_result_is_told():
    nothing = Volume(np.zeros((8, 8, 8), np.uint8), np.eye(4))
    (sentence,) = implausibilities(nothing, SCHEME)
    assert sentence.startswith("Nothing was found")


@pytest.mark.parametrize(("spacing", "volume"), [(0.5, "1 mL"), (5.0, "1000 mL")])
def test_a_cerebrum_that_no_newborn_has_is_told(spacing, volume):
    cube = brain_of((30, 30, 30), np.s_[5:25, 5:25, 5:25], spacing)
    (sentence,) = implausibilities(cube, SCHEME)
    assert f"has {volume}" in sentence and "20 to 700 mL" in sentence


def test_a_brain_cut_in_half_by_the_scan_is_told_and_one_that_touches_its_border_is_not():
    half = brain_of((20, 30, 30), np.s_[0:8, 5:25, 5:25])
    (sentence,) = implausibilities(half, SCHEME)
    assert sentence.startswith("28% of the surface")
    touching = brain_of((30, 30, 30), np.s_[0:20, 5:25, 5:25])
    assert implausibilities(touching, SCHEME) == ()


def test_a_scheme_without_a_cerebrum_has_no_size_to_check():
    scheme = LabelScheme.load("brainstem")
    cube = brain_of((30, 30, 30), np.s_[5:8, 5:8, 5:8])
    assert implausibilities(Volume(np.minimum(cube.data, 1), cube.affine), scheme) == ()


def test_the_share_at_the_border_counts_areas():
    mask = np.zeros((4, 5, 6), dtype=bool)
    assert share_at_border(mask, np.ones(3)) == 0
    assert share_at_border(~mask, np.ones(3)) == 1
    mask[0, 1:3, 1:4] = True  # 2 x 3 voxels: of 22 faces, 6 lie on the border
    assert share_at_border(mask, np.ones(3)) == pytest.approx(6 / 22)
    assert share_at_border(mask, np.array([1.0, 1.0, 2.0])) == pytest.approx(12 / (24 + 12 + 4))

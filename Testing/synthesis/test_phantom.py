"""A phantom is one newborn: repeatable, complete, in proportion and T2-weighted in its signal."""

import numpy as np
import pytest
from scipy import ndimage

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.synthesis import make_phantom

SCHEME = LabelScheme.load("dhcp9")
COARSE = {"spacing": 2.0}
AGES = [28, 34, 40, 44]


@pytest.fixture(scope="module", params=AGES)
def phantom(request):
    return make_phantom(request.param, weeks=request.param)


def volume_ml(phantom, name):
    voxel_ml = np.prod(phantom.labelmap.spacing) / 1000
    return np.count_nonzero(SCHEME.mask(phantom.labelmap.data, name)) * voxel_ml


def test_the_same_seed_makes_the_same_phantom_whatever_was_made_before():
    first = make_phantom(3, **COARSE)
    other = make_phantom(4, **COARSE)
    again = make_phantom(3, **COARSE)
    np.testing.assert_array_equal(first.image.data, again.image.data)
    np.testing.assert_array_equal(first.labelmap.data, again.labelmap.data)
    assert first.weeks == again.weeks
    assert (first.labelmap.data != other.labelmap.data).any()


def test_geometry_is_ras_and_centred():
    phantom = make_phantom(0, shape=(50, 56, 48), spacing=2.0)
    assert phantom.image.data.shape == (50, 56, 48)
    assert phantom.image.data.dtype == np.float32
    assert phantom.labelmap.data.dtype == np.uint8
    np.testing.assert_array_equal(phantom.image.affine, phantom.labelmap.affine)
    np.testing.assert_array_equal(phantom.image.affine[:3, :3], 2.0 * np.eye(3))
    np.testing.assert_allclose(phantom.image.grid.ras([24.5, 27.5, 23.5]), 0, atol=1e-9)


def test_without_a_shape_the_volume_covers_a_head_at_any_spacing():
    assert make_phantom(0, spacing=3.0).image.data.shape == (32, 38, 32)
    assert make_phantom(0, spacing=1.3).image.data.shape == (74, 87, 74)


def test_axes_point_to_right_anterior_and_superior():
    # The cerebellum lies behind and below the deep grey matter.
    phantom = make_phantom(5, **COARSE)
    centre = {
        name: phantom.labelmap.grid.ras(
            ndimage.center_of_mass(SCHEME.mask(phantom.labelmap.data, name))
        )
        for name in ("cerebellum", "dgm")
    }
    offset = centre["cerebellum"] - centre["dgm"]
    assert offset[1] < -10
    assert offset[2] < -10


@pytest.mark.parametrize("seed", range(12))
def test_every_label_is_present_in_every_phantom(seed):
    phantom = make_phantom(seed, **COARSE)
    found = set(np.unique(phantom.labelmap.data))
    assert found == {0, *(SCHEME[name].value for name in SCHEME.leaf_names if name in SCHEME.names)}


@pytest.mark.parametrize("seed", range(12))
def test_the_cerebrum_of_the_oldest_heads_lies_inside_the_field_of_view(seed):
    cerebrum = SCHEME.mask(make_phantom(seed, weeks=44, **COARSE).labelmap.data, "tcv")
    inner = cerebrum[1:-1, 1:-1, 1:-1]
    assert np.count_nonzero(cerebrum) - np.count_nonzero(inner) < 0.001 * np.count_nonzero(cerebrum)


def test_each_hemisphere_of_the_cerebrum_is_one_piece(phantom):
    cerebrum = SCHEME.mask(phantom.labelmap.data, "tcv")
    middle = cerebrum.shape[0] // 2
    for half in (cerebrum[: middle - 2], cerebrum[middle + 2 :]):
        pieces, _ = ndimage.label(half)
        assert np.bincount(pieces.ravel())[1:].max() > 0.98 * np.count_nonzero(half)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("cgm", 0.25, 0.60),
        ("wm", 0.35, 0.70),
        ("dgm", 0.04, 0.12),
        ("cerebellum", 0.03, 0.11),
        ("brainstem", 0.012, 0.05),
        ("ventricles", 0.01, 0.12),
        ("hippocampi_amygdala", 0.005, 0.02),
        ("csf", 0.2, 0.6),
        ("background", 0.08, 0.25),
    ],
)
def test_volumes_relative_to_the_cerebrum_are_those_of_newborns(phantom, name, least, most):
    assert least < volume_ml(phantom, name) / volume_ml(phantom, "tcv") < most


def test_the_brain_grows_and_its_cortex_gains_share_with_age():
    youngest, oldest = (make_phantom(1, weeks=weeks, **COARSE) for weeks in (28, 44))
    assert 70 < volume_ml(youngest, "tcv") < 150
    assert 220 < volume_ml(oldest, "tcv") < 380
    share = [volume_ml(p, "cgm") / volume_ml(p, "tcv") for p in (youngest, oldest)]
    assert share[0] < share[1]


def test_signal_orders_the_tissues_as_t2_weighting_of_a_newborn_does(phantom):
    signal = {}
    for name in ("cgm", "dgm", "wm", "ventricles"):
        mask = SCHEME.mask(phantom.labelmap.data, name)
        signal[name] = np.median(phantom.image.data[mask])
    assert signal["cgm"] < signal["wm"] < signal["ventricles"]
    assert signal["dgm"] < signal["wm"]


def test_deep_grey_matter_stands_out_less_from_white_matter_than_cortex_does():
    contrasts = []
    for seed in range(6):
        phantom = make_phantom(seed, weeks=36, **COARSE)
        median = {
            name: np.median(phantom.image.data[SCHEME.mask(phantom.labelmap.data, name)])
            for name in ("cgm", "dgm", "wm")
        }
        contrasts.append((median["wm"] - median["dgm"]) / (median["wm"] - median["cgm"]))
    assert np.mean(contrasts) < 0.8


def test_the_head_does_not_depend_on_the_grid_it_is_sampled_on():
    coarse, fine = make_phantom(7, **COARSE), make_phantom(7)
    for name in ("wm", "dgm", "cerebellum"):
        assert volume_ml(coarse, name) == pytest.approx(volume_ml(fine, name), rel=0.05)


def test_scans_are_finite_not_negative_and_sometimes_show_skull_and_scalp():
    outside = []
    for seed in range(8):
        phantom = make_phantom(seed, **COARSE)
        assert np.isfinite(phantom.image.data).all()
        assert phantom.image.data.min() >= 0
        outside.append(phantom.image.data[phantom.labelmap.data == 0].max() > 0)
    assert any(outside)
    assert not all(outside)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"weeks": 20}, "weeks"),
        ({"spacing": 0}, "spacing"),
        ({"spacing": float("nan")}, "spacing"),
        ({"shape": (40, 40, 40)}, "a head needs 96 x 112 x 96 mm"),
        ({"shape": (96, 112)}, "shape"),
    ],
)
def test_settings_that_make_no_head_are_refused_by_name(wrong, named):
    with pytest.raises(UserError, match=named):
        make_phantom(**{"seed": 0, **wrong})


def test_a_phantom_has_the_contrasts_asked_for_each_the_same_whatever_others_there_are():
    both = make_phantom(3, **COARSE, contrasts=("T2w", "T1w"))
    assert list(both.images) == ["T2w", "T1w"] and both.image is both.images["T2w"]
    np.testing.assert_array_equal(both.image.data, make_phantom(3, **COARSE).image.data)
    alone = make_phantom(3, **COARSE, contrasts=("T1w",)).image
    np.testing.assert_array_equal(both.images["T1w"].data, alone.data)
    means = {
        contrast: [
            image.data[SCHEME.mask(both.labelmap.data, name)].mean()
            for name in ("ventricles", "wm", "cgm")
        ]
        for contrast, image in both.images.items()
    }
    assert means["T2w"] == sorted(means["T2w"], reverse=True)
    assert means["T1w"] == sorted(means["T1w"])
    with pytest.raises(UserError, match=r"no FLAIR.*T2w, T1w"):
        make_phantom(3, **COARSE, contrasts=("FLAIR",))

"""The pictures: the right way round, in the scheme's colours, with unknown told from known."""

import io

import nibabel
import numpy as np
import pytest
from PIL import Image

from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import partial_picture, segmentation_picture, training_chart
from partialseg_trainer.evaluation.charts import DARK, LIGHT
from partialseg_trainer.evaluation.views import Viewer
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.volumes import Volume

SHAPE = (30, 36, 28)


@pytest.fixture(scope="module")
def dhcp9() -> LabelScheme:
    return LabelScheme.load("dhcp9")


@pytest.fixture(scope="module")
def brain(dhcp9) -> tuple[Volume, Volume]:
    """A ball of cortex around a ball of deep grey matter, in RAS."""
    distance = np.linalg.norm(np.indices(SHAPE).T - np.divide(SHAPE, 2), axis=-1).T
    values = np.select([distance < 5, distance < 12], [dhcp9["dgm"].value, dhcp9["cgm"].value], 0)
    affine = np.diag((1.0, 1.0, 1.2, 1.0))
    image = np.where(values, 50.0 + values, 0).astype(np.float32)
    return Volume(image, affine), Volume(values.astype(np.uint8), affine)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def has_hue_of(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    """Whether a part of the picture has the colour, as it looks over a grey of any brightness."""
    tint = np.subtract(colour, np.mean(colour))
    shown = picture - picture.mean(axis=-1, keepdims=True)
    likeness = shown @ tint / (np.linalg.norm(shown, axis=-1) * np.linalg.norm(tint) + 1e-9)
    return bool(((likeness > 0.99) & (np.linalg.norm(shown, axis=-1) > 15)).mean() > 0.002)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "SAL", "ARI"])
def test_slices_are_radiological_however_the_volume_is_stored(codes):
    ras = Volume(np.zeros((10, 12, 14), dtype=np.uint8), np.diag((1.0, 2.0, 3.0, 1.0)))
    # A voxel to the patient's right, in front, above.
    ras.data[8, 9, 11] = 1
    turn = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(np.eye(4)), nibabel.orientations.axcodes2ornt(codes)
    )
    turned = Volume(
        nibabel.apply_orientation(ras.data, turn),
        ras.affine @ nibabel.orientations.inv_ornt_aff(turn, ras.data.shape),
    )
    viewer = Viewer(turned.affine, (slice(0, 10), slice(0, 12), slice(0, 14)))
    positions = viewer.fullest(turned.data == 1)
    assert positions == {"sagittal": 8, "coronal": 9, "axial": 11}
    rows_and_columns = {
        plane: np.argwhere(viewer.slice(turned.data, plane, position)).tolist()
        for plane, position in positions.items()
    }
    assert rows_and_columns == {"axial": [[2, 1]], "coronal": [[2, 1]], "sagittal": [[2, 2]]}
    assert viewer.extent_mm("axial") == (24, 10)
    assert viewer.pixel_mm("sagittal") == (3, 2)


def test_a_segmentation_is_shown_in_the_colours_of_its_scheme(brain, dhcp9):
    image, truth = brain
    picture = segmentation_picture(
        image, {"Truth": truth, "IUC": truth}, dhcp9, focus="dgm", name="sub-01"
    )
    shown = pixels(picture.png)
    assert has_hue_of(shown, dhcp9["dgm"].colour)
    assert has_hue_of(shown, dhcp9["cgm"].colour)
    assert not has_hue_of(shown, dhcp9["csf"].colour)
    for words in ("sub-01", "deep grey matter", "Truth and IUC", "Axial, coronal and sagittal"):
        assert words in picture.alt


def test_a_labelmap_on_another_grid_is_refused(brain, dhcp9):
    image, truth = brain
    with pytest.raises(UserError, match="Truth of sub-01 does not fit the scan: its shape"):
        segmentation_picture(
            image,
            {"Truth": Volume(truth.data[1:], truth.affine)},
            dhcp9,
            focus="dgm",
            name="sub-01",
        )


def test_a_partial_scan_shows_the_known_in_colour_and_the_unknown_in_grey_stripes(brain, dhcp9):
    image, truth = brain
    known = [name for name in dhcp9.names if name not in ("cgm", "wm", "dgm")]
    sets = LabelSets.from_labelmap(dhcp9, truth.data, known)
    picture = partial_picture(image, sets, ["tcv", "dgm"], name="sub-01")
    shown = pixels(picture.png)
    assert has_hue_of(shown, dhcp9["tcv"].colour)
    assert not has_hue_of(shown, dhcp9["dgm"].colour)
    assert "total cerebrum is yes in" in picture.alt
    assert "deep grey matter is yes in 0.0%" in picture.alt
    full = partial_picture(
        image, LabelSets.from_labelmap(dhcp9, truth.data), ["tcv", "dgm"], name="sub-01"
    )
    assert has_hue_of(pixels(full.png), dhcp9["dgm"].colour)
    assert "unknown in 0.0%" in full.alt


def test_label_sets_of_another_scan_are_refused(brain, dhcp9):
    image, truth = brain
    sets = LabelSets.from_labelmap(dhcp9, truth.data[:-1])
    with pytest.raises(UserError, match="label sets of sub-01 have shape"):
        partial_picture(image, sets, ["tcv"], name="sub-01")


def test_pictures_are_the_same_bytes_each_time(brain, dhcp9):
    image, truth = brain
    first, second = (
        segmentation_picture(image, {"Truth": truth}, dhcp9, focus="dgm", name="sub-01")
        for _ in range(2)
    )
    assert first == second


def test_training_is_charted_for_light_and_dark_pages_and_told_in_words():
    rows = [
        {"epoch": 0, "training_loss": 0.5, "validation_loss": None, "validation_dice": None},
        {"epoch": 1, "training_loss": 0.2, "validation_loss": 0.3, "validation_dice": 0.8},
        {"epoch": 2, "training_loss": 0.1, "validation_loss": 0.3, "validation_dice": 0.7},
    ]
    picture = training_chart({"IUC": rows, "Supervised": rows[:1]})
    assert "IUC: best Dice 0.800 at epoch 1 of 2; Supervised: no validation Dice" in picture.alt
    assert picture.dark_png not in (None, picture.png)


@pytest.mark.parametrize(("theme", "paper"), [(LIGHT, "#fcfcfb"), (DARK, "#16191d")])
def test_text_and_marks_stand_out_from_their_page(theme, paper):
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    def contrast(colour: str) -> float:
        light, dark = sorted((luminance(colour), luminance(paper)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    # WCAG 2.2: 4.5 for text; 3 for graphics, of which the first four methods are sure.
    assert contrast(theme.ink) >= 4.5
    assert min(contrast(colour) for colour in theme.methods[:4]) >= 3

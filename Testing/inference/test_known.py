"""What is known is kept: no voxel of a segmentation is what an annotation excludes."""

import numpy as np
import pytest

from partialseg_trainer.dataset import Annotation, Dataset, KnownScans, parse_annotation
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import segment
from partialseg_trainer.labels import ContradictionError, LabelScheme, LabelSets, Status
from partialseg_trainer.volumes import Volume, write_volume
from partialseg_trainer.volumes.preprocessing import Preprocessing
from small_models import SCHEME, decided_unet, model_of, noise_scan

SCAN = noise_scan()
SHAPE = SCAN.data.shape


def model(axis="axial", **settings):
    return model_of(decided_unet(), Preprocessing(spacing=1.5, axis=axis), **settings)


def drawn():
    """The brainstem as one piece, and its parts in two slices of another axis than the model's."""
    away = np.linalg.norm(np.indices(SHAPE).T - np.array(SHAPE) / 2, axis=-1).T
    stem = away < 6
    parts = np.where(stem, 1 + np.indices(SHAPE)[2] % 3, 0).astype(np.uint8)
    status = {"brainstem": Status.COMPLETE}
    whole = LabelSets.from_masks(SCHEME, {"brainstem": stem}, status)
    slices = parts.copy()
    slices[np.isin(np.arange(SHAPE[0]), (4, 7), invert=True)] = 0
    return stem, parts, whole, slices


@pytest.mark.parametrize("axis", ["axial", "all"])
@pytest.mark.parametrize("options", [{}, {"mirror": True, "confidence": True}])
def test_a_super_label_keeps_its_border_and_its_parts_are_found_within(axis, options):
    stem, _, known, _ = drawn()
    without = np.asarray(segment(SCAN, model(axis), **options).labelmap.dataobj)
    result = segment(SCAN, [model(axis)] * 2, known=known, **options)
    found = np.asarray(result.labelmap.dataobj)
    assert np.array_equal(SCHEME.mask(found, "brainstem"), stem)
    free = stem == SCHEME.mask(without, "brainstem")
    assert np.array_equal(found[free], without[free])
    if options:
        confidence = np.asarray(result.confidence.dataobj)
        assert confidence.min() >= 0 and confidence.max() <= 1
        # Outside of the brainstem one leaf is left.
        assert (confidence[~stem] == 1).all()


def test_strokes_slices_and_a_whole_scan_say_what_was_drawn(tmp_path):
    stem, parts, whole, slices = drawn()
    for name, data in (("stem", stem * np.uint8(4)), ("slices", slices)):
        write_volume(tmp_path / f"{name}.nii.gz", Volume(data.astype(np.uint8), SCAN.affine))

    def known(*words):
        entries = [parse_annotation(f"{tmp_path}/{word}") for word in words]
        return KnownScans(entries, SCHEME).of(SCAN)

    assert np.array_equal(
        known("stem.nii.gz:all").value_of("brainstem"), whole.value_of("brainstem")
    )
    strokes = known("slices.nii.gz").value_of("pons")
    assert np.array_equal(strokes == 1, slices == 2) and (strokes[slices == 0] == 2).all()
    of_slices = known("slices.nii.gz:sagittal").value_of("pons")
    in_slices = np.isin(np.arange(SHAPE[0]), (4, 7))
    assert np.array_equal(of_slices[in_slices], (parts == 2)[in_slices])
    assert (of_slices[~in_slices] == 2).all()
    both = known("stem.nii.gz:all", "slices.nii.gz:sagittal")
    found = np.asarray(segment(SCAN, model(), known=both).labelmap.dataobj)
    assert np.array_equal(found[in_slices], parts[in_slices])
    assert np.array_equal(found > 0, stem)


def test_a_dataset_knows_its_scans_by_their_images_and_a_case_file_its_own(tmp_path):
    _, _, whole, _ = drawn()
    dataset = Dataset.create(tmp_path / "data", SCHEME, "data")
    status = dict.fromkeys(SCHEME.names, Status.NOT_ANNOTATED) | {"brainstem": Status.COMPLETE}
    case = dataset.add_case("01", SCAN, whole, status)
    for path in (tmp_path / "data", case.labels_path):
        found = KnownScans([Annotation(path)], SCHEME).of(SCAN)
        assert np.array_equal(found.value_of("brainstem"), whole.value_of("brainstem"))
        other = Volume(SCAN.data[::-1].copy(), SCAN.affine)
        with pytest.raises(UserError, match=r"another scan|has this scan's image"):
            KnownScans([Annotation(path)], SCHEME).of(other)


def test_another_scheme_is_mapped_by_the_names_of_its_labels():
    other = LabelScheme.from_dict(
        {"name": "mine", "labels": [{"name": "pons", "value": 7}, {"name": "eye", "value": 1}]}
    )
    data = np.zeros(SHAPE, np.uint8)
    data[3:6, 4:8, 5], data[0] = 7, 1
    known = LabelSets.from_labelmap(other, data, known=["pons", "eye"])
    found = np.asarray(segment(SCAN, model(), known=known).labelmap.dataobj)
    assert np.array_equal(found == SCHEME["pons"].value, data == 7)
    foreign = LabelScheme.from_dict({"name": "eyes", "labels": [{"name": "eye", "value": 1}]})
    with pytest.raises(UserError, match="none of which scheme 'brainstem' has"):
        LabelSets.from_labelmap(foreign, (data == 1).astype(np.uint8)).in_scheme(SCHEME)


class TestWhatIsRefused:
    def test_another_grid(self, tmp_path):
        _, _, whole, slices = drawn()
        with pytest.raises(UserError, match="13 x 18 x 9 voxels, but the scan 13 x 18 x 11"):
            known = LabelSets(SCHEME, whole.codes[:, :, :9], whole.leaf_sets())
            segment(SCAN, model(), known=known)
        moved = SCAN.affine.copy()
        moved[0, 3] += 5
        write_volume(tmp_path / "slices.nii", Volume(slices, moved))
        with pytest.raises(UserError, match="does not lie on the scan: its voxels lie up to 5 mm"):
            KnownScans([Annotation(tmp_path / "slices.nii")], SCHEME).of(SCAN)

    def test_nothing_drawn(self, tmp_path):
        write_volume(tmp_path / "none.nii", Volume(np.zeros(SHAPE, np.uint8), SCAN.affine))
        with pytest.raises(UserError, match="shows no label at all"):
            KnownScans([Annotation(tmp_path / "none.nii")], SCHEME).of(SCAN)

    def test_values_that_the_scheme_does_not_have(self, tmp_path):
        data = np.full(SHAPE, 41, np.uint8)
        write_volume(tmp_path / "other.nii", Volume(data, SCAN.affine))
        with pytest.raises(UserError, match=r"other.nii does not fit 'brainstem': .* values out"):
            KnownScans([Annotation(tmp_path / "other.nii", "axial")], SCHEME).of(SCAN)

    def test_annotations_that_contradict_each_other(self, tmp_path):
        stem, *_ = drawn()
        write_volume(tmp_path / "stem.nii", Volume(stem * np.uint8(4), SCAN.affine))
        write_volume(tmp_path / "pons.nii", Volume((~stem) * np.uint8(2), SCAN.affine))
        words = [f"{tmp_path}/stem.nii:all", f"{tmp_path}/pons.nii"]
        known = KnownScans([parse_annotation(word) for word in words], SCHEME)
        with pytest.raises(ContradictionError, match="says outside and another pons in"):
            known.of(SCAN)

    def test_a_path_that_is_not_there(self):
        with pytest.raises(UserError, match=r"nowhere.nii does not exist"):
            parse_annotation("nowhere.nii:all")

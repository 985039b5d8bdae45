"""To nnU-Net and back: what both can say survives, and what is lost is counted."""

import json

import numpy as np
import pytest

from partialseg_trainer.dataset import (
    Dataset,
    Survey,
    check_dataset,
    export_nnunet,
    import_nnunet,
)
from partialseg_trainer.dataset.nnunet_labels import declare_scheme
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets
from partialseg_trainer.volumes import Volume, read_labelmap, write_volume
from small_scans import AFFINE, SHAPE, image

BRATS = {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing": 3}


def write_raw(root, labels, values, channels=("T2w",)):
    """A raw dataset of one case whose labelmap repeats the `values`."""
    (root / "imagesTr").mkdir(parents=True)
    (root / "labelsTr").mkdir()
    for number in range(len(channels)):
        write_volume(root / "imagesTr" / f"case_1_{number:04d}.nii.gz", image(number))
    data = np.resize(np.array(values, dtype=np.uint8), SHAPE)
    write_volume(root / "labelsTr" / "case_1.nii.gz", Volume(data, AFFINE))
    content = {
        "channel_names": {str(number): name for number, name in enumerate(channels)},
        "labels": labels,
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(content))
    return data


def only_case(dataset):
    (case,) = dataset.cases
    return case.label_sets(dataset.scheme)


def test_regions_become_super_labels_and_ignore_is_unknown(tmp_path):
    data = write_raw(tmp_path / "in", {**BRATS, "ignore": 4}, [0, 1, 2, 3, 4])
    survey = Survey()
    dataset = import_nnunet(tmp_path / "in", tmp_path / "out", survey=survey)
    scheme, sets = dataset.scheme, only_case(dataset)
    assert scheme["enhancing"].parent == "tumor_core"
    assert scheme["tumor_core"].parent == "whole_tumor"
    for name, inside in {"whole_tumor": (1, 2, 3), "tumor_core": (2, 3), "enhancing": (3,)}.items():
        expected = np.where(data == 4, 2, np.isin(data, inside))
        np.testing.assert_array_equal(sets.value_of(name), expected)
    taken_for = ("outside", "whole_tumor", "tumor_core", "enhancing", "unknown")
    assert survey.values == {(value, taken_for[value]): np.sum(data == value) for value in range(5)}


def test_a_region_filled_by_its_labels_is_exhaustive(tmp_path):
    labels = {"background": 0, "wm": 1, "cgm": 2, "cerebrum": [1, 2]}
    write_raw(tmp_path / "in", labels, [0, 1, 2])
    dataset = import_nnunet(tmp_path / "in", tmp_path / "out")
    assert dataset.scheme["cerebrum"].exhaustive
    assert dataset.scheme["cerebrum"].value not in (1, 2)
    assert only_case(dataset).fully_known


def test_labels_are_matched_to_a_scheme_by_name_and_the_others_are_not_annotated(tmp_path, dhcp9):
    labels = {"background": 0, "TCV": 1, "brainstem": 2}
    data = write_raw(tmp_path / "in", labels, [0, 1, 2])
    with pytest.raises(UserError, match="TCV"):
        import_nnunet(tmp_path / "in", tmp_path / "out", "dhcp9")
    labels["tcv"] = labels.pop("TCV")
    (tmp_path / "in" / "dataset.json").write_text(
        json.dumps({"channel_names": {"0": "T2w"}, "labels": labels})
    )
    sets = only_case(import_nnunet(tmp_path / "in", tmp_path / "out", "dhcp9"))
    np.testing.assert_array_equal(sets.value_of("tcv"), data == 1)
    np.testing.assert_array_equal(sets.value_of("brainstem"), data == 2)
    np.testing.assert_array_equal(sets.value_of("wm"), np.where(data == 1, 2, 0))
    np.testing.assert_array_equal(sets.value_of("csf"), np.where(data == 0, 2, 0))


def test_of_several_channels_one_must_be_chosen(tmp_path):
    write_raw(tmp_path / "in", BRATS, [0, 1], channels=("T1w", "T2w"))
    with pytest.raises(UserError, match=r"1 \(T2w\)"):
        import_nnunet(tmp_path / "in", tmp_path / "out")
    (case,) = import_nnunet(tmp_path / "in", tmp_path / "out", channel=1).cases
    np.testing.assert_array_equal(case.image().data, image(1).data)


def test_a_labelmap_without_image_is_named(tmp_path):
    write_raw(tmp_path / "in", BRATS, [0, 1])
    (tmp_path / "in" / "imagesTr" / "case_1_0000.nii.gz").unlink()
    with pytest.raises(UserError, match="case_1_0000"):
        import_nnunet(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "labelsTr" / "case_1.nii.gz").unlink()
    with pytest.raises(UserError, match="labelsTr"):
        import_nnunet(tmp_path / "in", tmp_path / "out")


def test_an_image_to_train_on_without_labelmap_is_named(tmp_path):
    write_raw(tmp_path / "in", BRATS, [0, 1])
    write_volume(tmp_path / "in" / "imagesTr" / "case_2_0000.nii.gz", image())
    with pytest.raises(UserError, match="case_2_0000"):
        import_nnunet(tmp_path / "in", tmp_path / "out")


def test_a_list_of_files_elsewhere_is_not_passed_over(tmp_path):
    write_raw(tmp_path / "in", BRATS, [0, 1])
    described = json.loads((tmp_path / "in" / "dataset.json").read_text())
    described["dataset"] = {"case_1": {"images": ["../x.nii.gz"], "label": "../y.nii.gz"}}
    (tmp_path / "in" / "dataset.json").write_text(json.dumps(described))
    with pytest.raises(UserError, match="lists the files"):
        import_nnunet(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"a": [1, 2], "b": [2, 3]}, "overlap"),
        ({"a": 1, "b": 1}, "repeats"),
        ({"a": 0}, "from 1 on"),
        ({"a": 1, "ignore": [2, 3]}, "one value"),
        ({"background": 0}, "no label"),
        ({"1": "wm", "2": "wm"}, "one name"),
    ],
)
def test_labels_that_are_no_tree_are_refused(tmp_path, labels, words):
    write_raw(tmp_path / "in", labels, [0, 1])
    with pytest.raises(UserError, match=words):
        import_nnunet(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_nnunet_cannot_say_is_ignored_and_counted(dataset, tmp_path):
    export = export_nnunet(dataset, tmp_path / "raw")
    tcv = dataset.cases[2].label_sets(dataset.scheme).value_of("tcv") == 1
    assert export.lost == export.counts["sub-03"].lost == tcv.sum()
    assert export.counts["sub-01"].kept == np.prod(SHAPE)
    content = json.loads((tmp_path / "raw" / "dataset.json").read_text())
    labels = read_labelmap(tmp_path / "raw" / "labelsTr" / "sub-03.nii.gz")
    np.testing.assert_array_equal(labels.data == content["labels"]["ignore"], tcv)
    assert content["numTraining"] == 3
    assert (tmp_path / "raw" / "imagesTr" / "sub-03_0000.nii.gz").is_file()


def test_a_fully_known_dataset_comes_back_whole(dataset, tmp_path, dhcp9):
    export_nnunet(dataset, tmp_path / "raw")
    for scheme in (dhcp9, None):
        back = import_nnunet(tmp_path / "raw", tmp_path / f"back-{scheme}", scheme)
        before, after = dataset.cases[0], back.cases[0]
        assert before.name == after.name
        for name in dhcp9.names:
            np.testing.assert_array_equal(
                after.label_sets(back.scheme).value_of(name),
                before.label_sets(dhcp9).value_of(name),
            )


@pytest.mark.parametrize("preset", ["dhcp9", "fetal8", "brainstem", "wmh-stroke"])
def test_declared_labels_obey_the_rules_of_nnunet(preset):
    labels, order, *_, ignored = declare_scheme(LabelScheme.load(preset))
    regions = {name: value for name, value in labels.items() if name != "background"}
    values = {entry for value in labels.values() for entry in np.atleast_1d(value).tolist()}
    assert labels["background"] == 0
    assert values == set(range(ignored))
    if order is None:
        assert all(isinstance(value, int) for value in regions.values())
        return
    # nnU-Net paints the regions in order; each leaf's regions together must give its own value.
    assert len(order) == len(regions)
    for leaf in values - {0}:
        painted = [
            paint
            for paint, value in zip(order, regions.values(), strict=True)
            if leaf in np.atleast_1d(value)
        ]
        assert painted[-1] == leaf


def test_a_scheme_with_gaps_and_remainders_survives_the_way_there_and_back(tmp_path):
    scheme = LabelScheme.from_dict(
        {
            "name": "gaps",
            "labels": [
                {"name": "ignore", "value": 3},
                {"name": "p", "value": 40, "children": [{"name": "a", "value": 7}]},
            ],
        }
    )
    values = np.resize(np.array([0, 3, 7, 40], dtype=np.uint8), SHAPE)
    dataset = Dataset.create(tmp_path / "in", scheme, "gaps")
    dataset.add_case("01", image(), LabelSets.from_labelmap(scheme, values, scheme.names), {})
    export_nnunet(dataset, tmp_path / "raw")
    back = only_case(import_nnunet(tmp_path / "raw", tmp_path / "out", scheme))
    np.testing.assert_array_equal(back.labelmap(), values)
    assert back.fully_known


def test_a_sheared_scan_is_told_of_and_not_exported_because_nnunet_could_not_open_it(
    tmp_path, dhcp9
):
    dataset = Dataset.create(tmp_path / "d", dhcp9, "d")
    sheared = AFFINE @ np.array([[1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    sets = LabelSets.from_labelmap(dhcp9, np.zeros(SHAPE, np.uint8))
    dataset.add_case("7", Volume(image(0).data, sheared), sets, {})
    assert any(
        "sheared by 11 degrees" in problem.message for problem in check_dataset(tmp_path / "d")
    )
    with pytest.raises(UserError, match=r"sub-7.*right angles"):
        export_nnunet(dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_dataset_is_not_exported(tmp_path, dhcp9):
    with pytest.raises(UserError, match="no cases"):
        export_nnunet(Dataset.create(tmp_path / "in", dhcp9, "empty"), tmp_path / "raw")
    assert not (tmp_path / "raw").exists()

"""A dataset states its contrast, and its files, exports and imports bear it."""

import json

import nibabel
import numpy as np
import pytest

from partialseg_trainer.dataset import (
    Dataset,
    assign_splits,
    check_dataset,
    export_nnunet,
    import_nnunet,
    import_pairs,
)
from partialseg_trainer.dataset.participants import column_of, read_rows
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelSets
from partialseg_trainer.volumes import Volume, write_volume
from small_scans import AFFINE, SHAPE, image, labelmap


@pytest.fixture
def flair(tmp_path, dhcp9):
    made = Dataset.create(tmp_path / "flair", dhcp9, "of FLAIR", "flair")
    for number in range(3):
        sets = LabelSets.from_labelmap(dhcp9, labelmap(number).data, dhcp9.names)
        made.add_case(f"0{number}", image(number), sets, dict.fromkeys(dhcp9.names, "complete"))
    return made


def test_its_files_are_called_by_it(flair):
    assert Dataset.open(flair.folder).contrast == "FLAIR"
    assert [case.image_path.name for case in Dataset.open(flair.folder).cases] == [
        f"sub-0{number}_FLAIR.nii.gz" for number in range(3)
    ]
    assert [each for each in check_dataset(flair.folder) if each.severity == "error"] == []


def test_it_goes_to_nnunet_and_comes_back_with_scheme_and_test_scans(flair, tmp_path):
    assign_splits(flair, {"02": "test"})
    export_nnunet(flair, tmp_path / "raw")
    described = json.loads((tmp_path / "raw" / "dataset.json").read_text())
    assert described["channel_names"] == {"0": "FLAIR"}
    back = import_nnunet(tmp_path / "raw", tmp_path / "back")
    assert back.contrast == "FLAIR" and back.scheme.to_dict() == flair.scheme.to_dict()
    assert column_of(read_rows(back.folder), "split") == {"02": "test"}


def test_names_of_scans_tell_it_and_two_are_refused(tmp_path, dhcp9):
    for number, contrast in enumerate(("T1w", "T1w", "T2w")):
        for kind, volume in ((contrast, image(number)), ("dseg", labelmap(number))):
            folder = tmp_path / ("images" if kind == contrast else "labels")
            folder.mkdir(exist_ok=True)
            write_volume(folder / f"sub-{number}_{kind}.nii.gz", volume)
    places = (tmp_path / "images", tmp_path / "labels", dhcp9)
    with pytest.raises(UserError, match=r"a T1w and .* T2w"):
        import_pairs(*places, tmp_path / "out")
    assert import_pairs(*places, tmp_path / "said", contrast="PDw").contrast == "PDw"
    (tmp_path / "images" / "sub-2_T2w.nii.gz").unlink()
    (tmp_path / "labels" / "sub-2_dseg.nii.gz").unlink()
    assert import_pairs(*places, tmp_path / "told").contrast == "T1w"


def test_predictions_of_nnunet_are_imported_by_their_map(flair, tmp_path):
    export_nnunet(flair, tmp_path / "raw")
    content = json.loads((tmp_path / "raw" / "dataset.json").read_text())
    for name in ("images", "predicted"):
        (tmp_path / name).mkdir()
    for case in flair.cases:
        source = tmp_path / "raw" / "labelsTr" / f"{case.name}.nii.gz"
        values = np.asarray(nibabel.load(source).dataobj)
        write_volume(tmp_path / "predicted" / source.name, Volume(values, AFFINE))
        write_volume(tmp_path / "images" / f"{case.name}_FLAIR.nii.gz", case.image())
    swapped = content["partialseg"]["values"]
    swapped["1"], swapped["2"] = swapped["2"], swapped["1"]
    (tmp_path / "predicted" / "dataset.json").write_text(json.dumps(content))
    places = (tmp_path / "images", tmp_path / "predicted", flair.scheme)
    made = import_pairs(*places, tmp_path / "made").cases[0].label_sets(flair.scheme)
    before = flair.cases[0].label_sets(flair.scheme)
    assert made.shape == SHAPE
    values = {label.value: label.name for label in flair.scheme}
    for name, partner in ((values[1], values[2]), (values[2], values[1])):
        np.testing.assert_array_equal(made.value_of(name), before.value_of(partner))


def test_images_of_the_decathlon_are_called_as_their_labelmaps(tmp_path, dhcp9):
    root = tmp_path / "decathlon"
    for part, volume in (("imagesTr", image()), ("labelsTr", labelmap())):
        (root / part).mkdir(parents=True)
        write_volume(root / part / "brain_001.nii.gz", volume)
    (root / "labelsTr" / "._brain_001.nii.gz").write_bytes(b"\0\5\x16\7")
    labels = {"0": "background"} | {str(label.value): label.name for label in dhcp9}
    labels.pop(str(dhcp9["tcv"].value))
    (root / "dataset.json").write_text(
        json.dumps({"modality": {"0": "T2"}, "labels": labels, "training": []})
    )
    made = import_nnunet(root, tmp_path / "made", dhcp9)
    assert made.contrast == "T2w" and made.subjects == ("brain001",)

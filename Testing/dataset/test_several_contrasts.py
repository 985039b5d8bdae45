"""A dataset of several contrasts has an image of each for every scan, and says what it lacks."""

import json

import numpy as np
import pytest

from partialseg_trainer.dataset import (
    Dataset,
    check_dataset,
    export_nnunet,
    import_dhcp,
    import_nnunet,
    import_pairs,
    partial_copy,
)
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelSets
from partialseg_trainer.volumes import Grid, Volume, brought_to, read_volume, write_volume
from small_scans import AFFINE, image, labelmap

BOTH = ("T2w", "T1w")
# The T1w of a scan lies on larger voxels, turned round and moved a little, in the same space.
OTHER = Grid((6, 4, 6), AFFINE @ np.diag([-1.25, 1.4, 1.0, 1.0]))
OTHER = Grid(OTHER.shape, OTHER.affine + np.array([[0, 0, 0, -5.6], *[[0] * 4] * 3]))


def t1w(seed: int = 0) -> Volume:
    data = np.random.default_rng(100 + seed).random(OTHER.shape).astype(np.float32)
    return Volume(data, OTHER.affine)


def add(dataset: Dataset, subject: str, seed: int, **images: Volume):
    sets = LabelSets.from_labelmap(dataset.scheme, labelmap(seed).data, dataset.scheme.names)
    status = dict.fromkeys(dataset.scheme.names, "complete")
    images = images or {"T2w": image(seed), "T1w": t1w(seed)}
    return dataset.add_case(subject, images, sets, status)


@pytest.fixture
def both(tmp_path, dhcp9) -> Dataset:
    made = Dataset.create(tmp_path / "both", dhcp9, "both", BOTH)
    for seed, subject in enumerate(("01", "02")):
        add(made, subject, seed)
    return made


def errors(dataset: Dataset) -> list:
    return [(each.file, each.message) for each in check_dataset(dataset.folder)]


def test_it_states_them_and_every_scan_has_a_file_of_each(both):
    assert Dataset.open(both.folder).contrasts == BOTH
    said = json.loads((both.folder / "dataset_description.json").read_text())
    assert said["Contrasts"] == ["T2w", "T1w"] and "Contrast" not in said
    case = Dataset.open(both.folder).cases[1]
    assert [path.name for path in case.image_paths] == ["sub-02_T2w.nii.gz", "sub-02_T1w.nii.gz"]
    assert all(path.is_file() for path in case.image_sidecar_paths)
    for contrast, expected in {"T2w": image(1), "T1w": t1w(1)}.items():
        found = case.images()[contrast]
        np.testing.assert_array_equal(found.data, expected.data)
        assert found.grid.mismatch(expected.grid) is None
    assert case.label_sets(both.scheme).shape == image(1).data.shape
    assert errors(both) == []


def test_one_contrast_is_written_as_it_always_was(tmp_path, dhcp9):
    made = Dataset.create(tmp_path / "one", dhcp9, "one", ["T1w"])
    said = json.loads((made.folder / "dataset_description.json").read_text())
    assert said["Contrast"] == "T1w" and "Contrasts" not in said
    sidecar = json.loads(add(made, "01", 0, T1w=image()).sidecar_path.read_text())
    assert "further_sha256" not in sidecar


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        ({"T2w": image()}, r"sub-03 has no image of T1w.*give it too"),
        ({"T2w": image(), "t1": t1w(), "FLAIR": t1w(1)}, r"an image of FLAIR.*leave it out"),
        ({"T2w": image(), "T1w": t1w(), "t1": t1w()}, r"T1w is named twice"),
        ({"T2w": image(), "T1w": image()}, r"the T1w of sub-03 are the same image"),
        (
            {"T2w": image(), "T1w": Volume(t1w().data, OTHER.affine + 500 * np.eye(4, k=3))},
            r"do not overlap.* \d+ mm apart; .*register",
        ),
    ],
)
def test_an_image_that_lacks_is_unknown_or_elsewhere_is_refused(both, images, sentence):
    with pytest.raises(UserError, match=sentence):
        add(both, "03", 3, **images)
    assert both.subjects == ("01", "02") and not list(both.folder.glob("**/sub-03*"))


def test_contrasts_named_twice_or_wrongly_are_refused(tmp_path, dhcp9):
    for names, sentence in ((("T2w", "t2"), "named twice"), (("T2w", "T1 w"), "suffix of BIDS")):
        with pytest.raises(UserError, match=sentence):
            Dataset.create(tmp_path / "d", dhcp9, "d", names)


def test_check_finds_what_is_wrong_with_any_of_them(both):
    first, second = both.cases
    first.image_paths[1].unlink()
    moved = Volume(t1w(1).data, OTHER.affine + 500 * np.eye(4, k=3))
    write_volume(second.image_paths[1], moved)
    found = dict(reversed(errors(both)))
    assert "missing" in found["sub-01/anat/sub-01_T1w.nii.gz"]
    assert "do not overlap" in found["sub-02/anat/sub-02_T1w.nii.gz"]
    add_again = Dataset.open(both.folder)
    half = Volume(t1w(1).data, OTHER.affine + 2.5 * np.eye(4, k=3))
    add_again.scheme = both.scheme
    sets = second.label_sets(both.scheme)
    images = {"T2w": image(1), "T1w": half}
    add_again.add_case("02", images, sets, second.info.status, replace=True)
    (warning,) = (each for each in check_dataset(both.folder) if "02_T1w" in each.file)
    assert warning.severity == "warning" and "counts as black elsewhere" in warning.message


def test_copies_have_all_of_them(both, tmp_path):
    made = partial_copy(both, tmp_path / "copy", {"01": ("wm",)}, {"01": "train"})
    (case,) = made.cases
    assert made.contrasts == BOTH
    np.testing.assert_array_equal(case.images()["T1w"].data, t1w(0).data)


def test_they_are_channels_of_nnunet_on_one_grid_and_come_back(both, tmp_path):
    export_nnunet(both, tmp_path / "raw")
    described = json.loads((tmp_path / "raw" / "dataset.json").read_text())
    assert described["channel_names"] == {"0": "T2w", "1": "T1w"}
    written = read_volume(tmp_path / "raw" / "imagesTr" / "sub-02_0001.nii.gz")
    expected = brought_to(t1w(1), image(1).grid)
    np.testing.assert_allclose(written.data, expected.data, atol=1e-5)
    back = import_nnunet(tmp_path / "raw", tmp_path / "back")
    assert back.contrasts == BOTH
    np.testing.assert_allclose(back.cases[1].images()["T1w"].data, expected.data, atol=1e-5)
    (tmp_path / "raw" / "partialseg.json").unlink()
    described.pop("partialseg")
    for names in ({"0": "T2", "1": "T1"}, {"0": "first", "1": "second"}):
        described["channel_names"] = names
        (tmp_path / "raw" / "dataset.json").write_text(json.dumps(described))
        with pytest.raises(UserError, match=r"--contrasts"):
            import_nnunet(tmp_path / "raw", tmp_path / "refused")
        target = tmp_path / f"as-{names['0']}"
        made = import_nnunet(tmp_path / "raw", target, contrast=("T2w", "T1w"))
        np.testing.assert_array_equal(
            made.cases[1].images()["T1w"].data, back.cases[1].images()["T1w"].data
        )
    described["channel_names"] = {"0": "T2", "1": "T1"}
    (tmp_path / "raw" / "dataset.json").write_text(json.dumps(described))
    with pytest.raises(UserError, match=r"channels 0 \(T2\), 1 \(T1\), and T2w, FLAIR were"):
        import_nnunet(tmp_path / "raw", tmp_path / "refused", contrast=("T2w", "FLAIR"))


@pytest.fixture
def mixed(tmp_path):
    """A folder with both images and the labelmap of two scans."""
    for seed in range(2):
        for kind, volume in (("T2w", image(seed)), ("T1w", t1w(seed)), ("dseg", labelmap(seed))):
            (tmp_path / "in").mkdir(exist_ok=True)
            write_volume(tmp_path / "in" / f"sub-{seed}_{kind}.nii.gz", volume)
    return tmp_path / "in"


def test_images_of_one_folder_are_told_apart_by_their_names(mixed, tmp_path):
    with pytest.raises(UserError, match=r"--contrasts T\dw,T\dw"):
        import_pairs(mixed, mixed, "dhcp9", tmp_path / "out")
    made = import_pairs(mixed, mixed, "dhcp9", tmp_path / "out", contrast=BOTH)
    assert made.contrasts == BOTH and errors(made) == []
    for seed, case in enumerate(made.cases):
        for contrast, expected in {"T2w": image(seed), "T1w": t1w(seed)}.items():
            np.testing.assert_array_equal(case.images()[contrast].data, expected.data)
    (mixed / "sub-1_T1w.nii.gz").unlink()
    with pytest.raises(UserError, match=r"no T1w image .*sub-1_T2w.*leave out"):
        import_pairs(mixed, mixed, "dhcp9", tmp_path / "more", contrast=BOTH)


def test_images_of_a_further_contrast_may_lie_in_a_place_of_their_own(mixed, tmp_path):
    (tmp_path / "T1").mkdir()
    for path in mixed.glob("*_T1w.nii.gz"):
        path.rename(tmp_path / "T1" / path.name.replace("_T1w", ""))
    places = (mixed, mixed, "dhcp9")
    made = import_pairs(*places, tmp_path / "out", elsewhere={"t1": tmp_path / "T1"})
    assert made.contrasts == BOTH
    np.testing.assert_array_equal(made.cases[1].images()["T1w"].data, t1w(1).data)
    with pytest.raises(UserError, match=r"images of T2w are in .* name one place"):
        import_pairs(*places, tmp_path / "more", elsewhere={"T2w": tmp_path / "T1"})


def test_a_dhcp_release_gives_both_and_says_which_sessions_lack_one(tmp_path):
    for subject in ("A", "B"):
        anat = tmp_path / "release" / f"sub-{subject}" / "ses-1" / "anat"
        anat.mkdir(parents=True)
        name = f"sub-{subject}_ses-1"
        write_volume(anat / f"{name}_desc-restore_T2w.nii.gz", image(1))
        write_volume(anat / f"{name}_desc-drawem9_dseg.nii.gz", labelmap(1))
        if subject == "A":
            write_volume(anat / f"{name}_desc-restore_space-T2w_T1w.nii.gz", t1w(1))
    made = import_dhcp(tmp_path / "release", tmp_path / "out", contrast=BOTH)
    assert made.subjects == ("A",) and made.cases[0].contrasts == BOTH
    assert import_dhcp(tmp_path / "release", tmp_path / "one").subjects == ("A", "B")

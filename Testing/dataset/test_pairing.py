"""Files are of one scan when their names say so, and never because they nearly do."""

import unicodedata

import pytest

from partialseg_trainer.dataset import import_nnunet, import_pairs
from partialseg_trainer.dataset.pairing import find_pairs, pair_labelmaps
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.table import bids_table
from small_scans import write_pair

NFC, NFD = (unicodedata.normalize(form, "Jörg") for form in ("NFC", "NFD"))


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def paired(folder, images, labels):
    """Whether the image and the labelmap of these names are a pair."""
    touch(folder / "i" / images, folder / "l" / labels)
    try:
        return len(find_pairs(folder / "i", folder / "l")) == 1
    except UserError as error:
        assert images in str(error) and labels in str(error)
        return False


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (f"{NFC}.nii.gz", f"{NFD}_seg.nii.gz"),
        ("scan-1.5_T2w.nii.gz", "scan-1.5 label.nrrd"),
        ("sub-01_run-1_T2w.nii.gz", "sub-01_run-1_desc-manual_dseg.nii.gz"),
        ("sub-01_acq-ax_run-1_T2w.nii", "sub-01_run-1_acq-ax_dseg.nii.gz"),
        ("sub-01_T2w.nii.gz", "sub-01_T2w_seg.nii.gz"),
        ("sub-01_space-T2w_T2w.nii.gz", "sub-01_space-T2w_dseg.nii.gz"),
        ("Anna.nii.gz", "sub-Anna_dseg.nii.gz"),
        ("A.NII.GZ", "A_seg.Nii"),
        ("sub-01_PDw.nii.gz", "sub-01_dseg.nii.gz"),
        ("7_T2FLAIR.nii.gz", "7_FLAIR_seg.nii.gz"),
    ],
)
def test_names_that_say_the_same_pair(tmp_path, images, labels):
    assert paired(tmp_path, images, labels)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("Müller.nii.gz", "Möller_seg.nii.gz"),
        ("scan-1.5.nii.gz", "scan-15_seg.nii.gz"),
        ("P1_2.nii.gz", "P12_seg.nii.gz"),
        ("anna.nii.gz", "Anna_seg.nii.gz"),
        ("sub-01_left_T2w.nii.gz", "sub-01_right_dseg.nii.gz"),
        ("sub-01_T2w.nii.gz", "sub-01_T1w_dseg.nii.gz"),
        ("sub-01_PDw.nii.gz", "sub-01_T2starw_dseg.nii.gz"),
        ("sub-01_space-T1w_T2w.nii.gz", "sub-01_space-T2w_dseg.nii.gz"),
        *(
            (f"sub-01_{entity}-1_T2w.nii.gz", f"sub-01{other}_dseg.nii.gz")
            for entity in ("ses", "run", "acq", "space", "rec", "hemi")
            for other in (f"_{entity}-2", "")
        ),
    ],
)
def test_names_that_say_something_else_do_not(tmp_path, images, labels):
    assert not paired(tmp_path, images, labels)


@pytest.mark.parametrize(
    "names", [("Müller", "Möller"), ("a-1", "a_1"), ("a", "A"), ("sub-1_run-1", "sub-1_run-2")]
)
def test_two_scans_that_would_get_one_subject_are_refused_with_their_names(tmp_path, names):
    for name in names:
        touch(tmp_path / f"{name}_T2w.nii.gz", tmp_path / f"{name}_dseg.nii.gz")
    with pytest.raises(
        UserError, match=r"{}_T2w.*{}_T2w|{}_T2w.*{}_T2w".format(*names, *names[::-1])
    ):
        find_pairs(tmp_path, tmp_path)


def test_subjects_that_share_a_folder_on_some_disks_are_refused(tmp_path):
    for name in ("sub-a_ses-1", "sub-A_ses-2"):
        touch(tmp_path / f"{name}_T2w.nii.gz", tmp_path / f"{name}_dseg.nii.gz")
    with pytest.raises(UserError, match="differ in case alone"):
        find_pairs(tmp_path, tmp_path)


def test_of_nnunet_too_two_cases_never_become_one(tmp_path):
    (tmp_path / "dataset.json").write_text(
        '{"channel_names": {"0": "T2"}, "labels": {"background": 0, "wm": 3}, '
        '"numTraining": 2, "file_ending": ".nii.gz"}'
    )
    for name in ("Müller", "Möller"):
        touch(tmp_path / f"imagesTr/{name}_0000.nii.gz", tmp_path / f"labelsTr/{name}.nii.gz")
    with pytest.raises(UserError, match=r"M.ller.*M.ller.*sub-Mller"):
        import_nnunet(tmp_path, tmp_path / "out")


def test_groups_of_two_names_that_become_one_subject_are_refused(tmp_path):
    write_pair(tmp_path / "in", "a-1", 0)
    with pytest.raises(UserError, match="a1 twice"):
        import_pairs(
            *[tmp_path / "in"] * 2, "dhcp9", tmp_path / "out", groups={"a-1": "x", "a_1": "y"}
        )


class TestLinks:
    def test_they_are_followed_and_a_loop_ends(self, tmp_path):
        write_pair(tmp_path / "store", "b", 1)
        write_pair(tmp_path / "in", "a", 0)
        (tmp_path / "in" / "far").symlink_to(tmp_path / "store")
        (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
        (tmp_path / "in" / "c").mkdir()
        (tmp_path / "in" / "c" / "again").symlink_to(tmp_path / "store")
        pairs = find_pairs(tmp_path / "in", tmp_path / "in")
        assert [str(pair.scan) for pair in pairs] == ["sub-a", "sub-b"]
        assert find_pairs(f"{tmp_path}/in/**/*_T2w.*", f"{tmp_path}/in/**/*_dseg.*") == pairs

    def test_those_without_content_are_named_before_work_begins(self, tmp_path):
        for name in "ab":
            write_pair(tmp_path / "in", name, 0)
        for name in ("a_T2w", "b_dseg"):
            path = tmp_path / "in" / f"{name}.nii.gz"
            path.unlink()
            path.symlink_to("../.git/annex/objects/gone")
        with pytest.raises(UserError, match=r"a_T2w.*b_dseg.*datalad get"):
            import_pairs(tmp_path / "in", tmp_path / "in", "dhcp9", tmp_path / "out")

    def test_one_to_a_folder_that_is_gone_is_named(self, tmp_path):
        write_pair(tmp_path / "in", "a", 0)
        (tmp_path / "in" / "sub-02").symlink_to(tmp_path / "disk" / "sub-02")
        with pytest.raises(UserError, match=r"in/sub-02 is a link to .*disk/sub-02"):
            find_pairs(tmp_path / "in", tmp_path / "in")

    def test_a_pointer_in_place_of_a_file_is_told_from_a_damaged_file(self, tmp_path):
        write_pair(tmp_path / "in", "a", 0)
        (tmp_path / "in" / "a_T2w.nii.gz").write_text("/annex/objects/MD5E-s9--0.nii.gz\n")
        with pytest.raises(UserError, match=r"a_T2w.*datalad get"):
            import_pairs(tmp_path / "in", tmp_path / "in", "dhcp9", tmp_path / "out")


def test_a_folder_that_may_not_be_read_is_an_error_and_not_empty(tmp_path, closed):
    write_pair(tmp_path / "in", "a", 0)
    write_pair(tmp_path / "in" / "more", "b", 1)
    closed(tmp_path / "in" / "more")
    for place in (tmp_path / "in", f"{tmp_path}/in/*/*.nii.gz"):
        with pytest.raises(UserError, match=r"in/more cannot be looked at"):
            find_pairs(place, tmp_path / "in")


def test_labelmaps_that_segment_wrote_pair_with_the_truth(tmp_path):
    anat, name = tmp_path / "out/sub-01/anat", "sub-01_run-{}_desc-partialseg_dseg{}.nii.gz"
    for run in (1, 2):
        touch(*(anat / name.format(run, f"{what}") for what in ("", "_confidence", "_wm")))
        touch(anat / name.format(run, "_probabilities"))
        table = anat / f"sub-01_run-{run}_desc-partialseg_dseg.tsv"
        table.write_text(bids_table(LabelScheme.load("dhcp9")))
        touch(tmp_path / f"truth/sub-01/anat/sub-01_run-{run}_desc-manual_dseg.nii.gz")
        touch(tmp_path / f"truth/sub-01/anat/sub-01_run-{run}_T2w.nii.gz")
        touch(tmp_path / f"flat/sub-01_run-{run}_T2w.nii.gz")
    for predictions in ("out", "flat"):
        pairs = pair_labelmaps(tmp_path / predictions, tmp_path / "truth")
        assert list(map(str, pairs)) == ["sub-01_run-1", "sub-01_run-2"]
        for scan, (one, other) in pairs.items():
            assert str(scan) in one.name and f"{scan}_desc-manual" in other.name
    touch(*(tmp_path / folder / f"1{what}.nii.gz" for folder in "ab" for what in ("", "_wm")))
    assert len(pair_labelmaps(tmp_path / "a", tmp_path / "b")) == 2


def test_files_that_macos_leaves_beside_others_are_no_scans(tmp_path):
    write_pair(tmp_path, "a", 0)
    for path in sorted(tmp_path.iterdir()):
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")
    assert len(find_pairs(tmp_path, tmp_path)) == 1
    assert len(find_pairs(f"{tmp_path}/*_T2w.nii.gz", f"{tmp_path}/*_dseg*")) == 1

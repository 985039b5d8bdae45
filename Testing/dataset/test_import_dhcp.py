"""The dHCP release is imported under the names of each of its versions."""

import numpy as np
import pytest

from partialseg_trainer.dataset import import_dhcp
from partialseg_trainer.errors import UserError
from partialseg_trainer.experiments.ages import age_groups
from partialseg_trainer.volumes import write_volume
from small_scans import image, labelmap


def write_session(root, subject, session, image_name, tissue_name, seed=0):
    scan = f"sub-{subject}_ses-{session}"
    anat = root / f"sub-{subject}" / f"ses-{session}" / "anat"
    anat.mkdir(parents=True, exist_ok=True)
    if image_name:
        write_volume(anat / f"{scan}_{image_name}.nii.gz", image(seed))
    if tissue_name:
        write_volume(anat / f"{scan}_{tissue_name}.nii.gz", labelmap(seed))
    return anat


@pytest.mark.parametrize(
    ("image_name", "tissue_name"),
    [
        ("T2w", "desc-drawem9_dseg"),
        ("desc-restore_T2w", "desc-drawem9_space-T2w_dseg"),
        ("T2w", "drawem9_dseg"),
        ("T2w_restore", "drawem_tissue_labels"),
    ],
)
def test_scan_and_tissues_are_found_in_every_release(tmp_path, dhcp9, image_name, tissue_name):
    anat = write_session(tmp_path / "in", "CC00050XX01", "7201", image_name, tissue_name)
    write_volume(anat / "sub-CC00050XX01_ses-7201_desc-drawem87_dseg.nii.gz", labelmap(5))
    write_volume(anat / "sub-CC00050XX01_ses-7201_desc-restore_space-T2w_T1w.nii.gz", image(5))
    (case,) = import_dhcp(tmp_path / "in", tmp_path / "out").cases
    assert case.name == "sub-CC00050XX01_ses-7201"
    np.testing.assert_array_equal(case.image().data, image().data)
    np.testing.assert_array_equal(case.label_sets(dhcp9).labelmap(), labelmap().data)


def test_the_plain_scan_is_preferred_to_the_restored_one(tmp_path):
    write_session(tmp_path / "in", "A", "1", "T2w", "desc-drawem9_dseg", seed=1)
    write_session(tmp_path / "in", "A", "1", "desc-restore_T2w", None, seed=2)
    (case,) = import_dhcp(tmp_path / "in", tmp_path / "out").cases
    np.testing.assert_array_equal(case.image().data, image(1).data)


def test_all_sessions_of_a_subject_stay_full_or_are_hidden_together(tmp_path):
    for seed, (subject, session) in enumerate([("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")]):
        write_session(tmp_path / "in", subject, session, "T2w", "desc-drawem9_dseg", seed)
    dataset = import_dhcp(
        tmp_path / "in", tmp_path / "out", hide=("wm", "cgm", "dgm"), keep_full=1, seed=3
    )
    full = {case.subject for case in dataset.cases if case.info.fully_known}
    partial = {case.subject for case in dataset.cases if not case.info.fully_known}
    assert len(full) == len(partial) == 1
    assert not full & partial


@pytest.mark.parametrize("prefix", ["", "ses-"])
def test_the_ages_at_the_scans_come_along_and_nothing_else_of_the_child(tmp_path, prefix):
    for session in ("1", "2"):
        write_session(tmp_path / "in", "A", session, "T2w", "desc-drawem9_dseg")
    table = "session_id\tscan_age\thead\n" + "".join(
        f"{prefix}{session}\t{age}\t33\n" for session, age in (("1", 31.4), ("2", 40), ("9", 41))
    )
    (tmp_path / "in" / "sub-A" / "sub-A_sessions.tsv").write_text(table)
    dataset = import_dhcp(tmp_path / "in", tmp_path / "out")
    written = (dataset.folder / "sub-A" / "sub-A_sessions.tsv").read_text()
    assert written == "session_id\tscan_age\nses-1\t31.4\nses-2\t40\n"
    assert age_groups(dataset) == {"sub-A_ses-1": "preterm", "sub-A_ses-2": "term"}


def test_a_session_with_half_its_files_is_named(tmp_path):
    write_session(tmp_path / "in", "A", "1", "T2w", "desc-drawem9_dseg")
    write_session(tmp_path / "in", "B", "1", "T2w", None)
    with pytest.raises(UserError, match="sub-B_ses-1_T2w"):
        import_dhcp(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UserError, match="sub-"):
        import_dhcp(tmp_path, tmp_path / "out")


def test_subjects_that_differ_in_case_alone_are_refused_before_any_work(tmp_path):
    for subject in ("a", "A"):
        write_session(tmp_path / "in", subject, subject, "T2w", "desc-drawem9_dseg")
    with pytest.raises(UserError, match=r"sub-A_ses-A_T2w.*sub-a_ses-a_T2w"):
        import_dhcp(tmp_path / "in", tmp_path / "out")


def test_scans_whose_content_was_not_fetched_are_not_passed_over(tmp_path):
    write_session(tmp_path / "in", "A", "1", "T2w", "desc-drawem9_dseg")
    anat = write_session(tmp_path / "in", "B", "1", None, None)
    for kind in ("T2w", "desc-drawem9_dseg"):
        (anat / f"sub-B_ses-1_{kind}.nii.gz").symlink_to("../.git/annex/objects/gone")
    with pytest.raises(UserError, match=r"sub-B_ses-1_T2w.*datalad get"):
        import_dhcp(tmp_path / "in", tmp_path / "out")

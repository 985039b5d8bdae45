"""The age at a scan, from the tables that lie where BIDS has them."""

import pytest

from partialseg_trainer.dataset.scan_age import ages_of_scans
from partialseg_trainer.errors import UserError
from partialseg_trainer.weeks import checked_weeks


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tscan_age\nsub-1\t40\nsub-2\tn/a\nscan-7\t33.5\n"
    )
    folder = tmp_path / "sub-1"
    folder.mkdir()
    (folder / "sub-1_sessions.tsv").write_text("session_id\tscan_age\nses-a\t31.4\n")
    return tmp_path


def test_a_session_comes_before_its_subject_and_other_scans_go_by_their_names(tree):
    age = ages_of_scans()
    assert age(tree / "sub-1" / "ses-a" / "anat" / "sub-1_ses-a_T2w.nii.gz") == 31.4
    assert age(tree / "sub-1" / "ses-b" / "anat" / "sub-1_ses-b_T2w.nii.gz") == 40
    assert age(tree / "sub-1_T2w.nii.gz") == 40
    assert age(tree / "scan-7.nii.gz") == 33.5
    assert age(tree / "sub-2" / "anat" / "sub-2_T2w.nii.gz") is None
    assert age(tree / "other.nrrd") is None


@pytest.mark.parametrize(("weeks", "hint"), [(280, "divided by 7"), (0.1, "in weeks"), (-3, "")])
def test_what_can_be_no_age_in_weeks_is_refused_with_what_it_may_be(weeks, hint):
    with pytest.raises(UserError, match="--age is .* no post-menstrual age.*" + hint):
        checked_weeks(weeks, "--age")


def test_a_wrong_age_in_a_table_is_named_with_its_subject(tree):
    (tree / "participants.tsv").write_text("participant_id\tscan_age\nsub-3\t275\n")
    with pytest.raises(UserError, match=r"participants\.tsv: scan_age of sub-3 is 275"):
        ages_of_scans()(tree / "sub-3_T2w.nii.gz")

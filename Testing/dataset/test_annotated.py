"""What was not drawn is not absent: of which labels an import says no, and of which nothing."""

import numpy as np
import pytest

from partialseg_trainer.dataset import Survey, check_dataset, import_pairs
from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import Status
from partialseg_trainer.volumes import Volume
from small_scans import AFFINE, labelmap, write_pair

CSF, WM, TCV = 1, 3, 10


@pytest.fixture
def source(tmp_path):
    """Two scans: in one csf and the total cerebrum are drawn, in the other the cerebrum alone."""
    folder = tmp_path / "source"
    full = labelmap().data
    drawn = np.select([full == CSF, full == WM], [CSF, TCV]).astype(np.uint8)
    write_pair(folder, "a", 0, Volume(drawn, AFFINE))
    write_pair(folder, "b", 1, Volume(np.where(full == WM, TCV, 0).astype(np.uint8), AFFINE))
    return folder


def made(source, tmp_path, **options):
    return import_pairs(source, source, "dhcp9", tmp_path / "out", **options).cases


def test_only_what_occurs_somewhere_was_annotated(source, tmp_path, dhcp9):
    first, second = made(source, tmp_path)
    assert first.info.status["csf"] is Status.COMPLETE
    assert second.info.status["csf"] is Status.ABSENT
    for case in (first, second):
        assert case.info.status["tcv"] is Status.COMPLETE
        assert case.info.status["ventricles"] is Status.NOT_ANNOTATED
        sets = case.label_sets(dhcp9)
        outside = (sets.value_of("tcv") == 0) & (sets.value_of("csf") == 0)
        assert outside.any() and (sets.value_of("ventricles")[outside] == 2).all()


def test_labels_of_the_mapping_were_annotated_and_no_others(source, tmp_path):
    first, _ = made(source, tmp_path, mapping={TCV: TCV})
    # It is drawn here, but that it was looked for everywhere nobody said.
    assert first.info.status["csf"] is Status.IN_PROGRESS
    assert first.info.status["tcv"] is Status.COMPLETE


@pytest.mark.parametrize("annotated", [("csf", "ventricles"), "all"])
def test_labels_that_are_named_were_annotated(source, tmp_path, annotated):
    _, second = made(source, tmp_path, annotated=annotated)
    assert second.info.status["ventricles"] is Status.ABSENT
    known = Status.ABSENT if annotated == "all" else Status.NOT_ANNOTATED
    assert second.info.status["cerebellum"] is known


def test_an_empty_labelmap_says_nothing_unless_it_is_said_what_it_says(source, tmp_path):
    write_pair(source, "c", 2, Volume(np.zeros_like(labelmap().data), AFFINE))
    with pytest.raises(UserError, match=r"c_dseg.nii.gz has no label in it.*--annotated"):
        made(source, tmp_path)
    assert made(source, tmp_path, annotated="all")[2].info.fully_known


def test_nothing_is_known_of_voxels_with_a_value_for_that(source, tmp_path, dhcp9):
    drawn = labelmap().data.copy()
    drawn[:3] = 255
    write_pair(source, "a", 0, Volume(drawn, AFFINE))
    with pytest.raises(UserError, match=r"255 \(\d+ voxels\).*--unknown"):
        made(source, tmp_path)
    sets = made(source, tmp_path, unknown=(255,))[0].label_sets(dhcp9)
    assert (sets.multilabel()[:, :3] == 2).all()
    assert (sets.value_of("wm")[3:] == (drawn[3:] == WM)).all()


def test_a_dry_run_finds_the_same_and_writes_nothing(source, tmp_path):
    dry, real = Survey(), Survey()
    assert import_pairs(source, source, "dhcp9", None, survey=dry) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]
    made(source, tmp_path, survey=real)
    assert dry == real
    assert [str(pair.scan) for pair in dry.pairs] == ["sub-a", "sub-b"]
    assert dry.statuses["csf", Status.ABSENT] == dry.statuses["csf", Status.COMPLETE] == 1


def test_the_check_points_out_labels_that_are_absent_in_every_scan(source, tmp_path):
    made(source, tmp_path, annotated=("csf", "tcv", "brainstem"))
    (warning,) = [p for p in check_dataset(tmp_path / "out") if "absent in every scan" in p.message]
    assert warning.severity == "warning" and warning.message.startswith("brainstem: ")

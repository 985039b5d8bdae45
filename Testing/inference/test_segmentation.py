"""A segmentation lies on the scan's own grid and keeps to the hierarchy, whatever the grid."""

import re

import nibabel
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ball_scans import SCHEME
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import Outputs, find_jobs, load_model, segment, segment_files
from partialseg_trainer.models import ModelInfo, NetworkSettings
from partialseg_trainer.networks.model import Model, save_model
from partialseg_trainer.volumes import Volume, read_labelmap, write_volume
from partialseg_trainer.volumes.preprocessing import Preprocessing


class Threshold(torch.nn.Module):
    """A "network" whose answer is known: bright is core, grey is shell, dark is outside."""

    divisor = 16

    def forward(self, image):
        core = (image - 0.7) * 50
        ball = (image - 0.25) * 50
        return torch.cat([core, torch.minimum(-core, ball), ball], dim=1)


def model_of(axis="axial", spacing=1.5):
    info = ModelInfo(
        name="threshold",
        date="2026-01-01",
        loss="iuc",
        head="labels",
        network=NetworkSettings(),
        preprocessing=Preprocessing(spacing=spacing, axis=axis),
        scheme=SCHEME.to_dict(),
        training_data="none",
    )
    return Model(Threshold(), SCHEME, info)


def scan_on(affine, shape=(30, 34, 26)):
    """A bright core of 14 mm radius in a grey shell of 24 mm in a dim rim, round the RAS origin."""
    centre = np.linalg.inv(affine)[:3, :3] @ -affine[:3, 3]
    away = np.indices(shape).reshape(3, -1).T - centre
    distance = np.linalg.norm(away @ affine[:3, :3].T, axis=1).reshape(shape)
    labelmap = np.select([distance < 14, distance < 24], [1, 2])
    image = np.select([labelmap == 1, labelmap == 2, distance < 27], [1.0, 0.5, 0.2])
    return Volume(image.astype(np.float32), affine), labelmap


def affine_of(permutation, signs, spacing, angle):
    turn = np.eye(3)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine = np.eye(4)
    affine[:3, :3] = turn @ (np.eye(3)[list(permutation)] * np.array(signs) * np.array(spacing))
    affine[:3, 3] = -affine[:3, :3] @ [15, 17, 13]
    return affine


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.permutations(range(3)),
    st.tuples(*[st.sampled_from([-1, 1])] * 3),
    st.sampled_from([(2.0, 2.0, 2.0), (1.8, 2.1, 2.4), (2.0, 1.7, 3.0)]),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from(["sagittal", "coronal", "axial", "all"]),
)
def test_any_orientation_comes_back_on_its_own_grid(permutation, signs, spacing, angle, axis):
    affine = affine_of(permutation, signs, spacing, angle)
    scan, truth = scan_on(affine)
    result = segment(scan, model_of(axis))
    found = np.asarray(result.labelmap.dataobj)
    assert result.labelmap.shape == scan.data.shape
    assert np.array_equal(result.labelmap.affine, affine)
    for value in (1, 2):
        a, b = found == value, truth == value
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.85


def test_the_labelmap_has_the_forms_of_its_scan_and_a_doubt_about_them_is_said(tmp_path):
    scan, _ = scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))
    metres = nibabel.Nifti1Image(scan.data, None)
    metres.header.set_xyzt_units("meter")
    metres.header.set_zooms((0.002,) * 3)
    metres.to_filename(tmp_path / "scan.nii")
    result = segment(tmp_path / "scan.nii", model_of())
    straight = segment(scan, model_of())
    for field in ("qform_code", "sform_code", "pixdim", "xyzt_units"):
        assert np.array_equal(result.labelmap.header[field], metres.header[field])
    assert any("left and right" in warning for warning in result.warnings)
    assert not any("left and right" in warning for warning in straight.warnings)
    assert result.volumes_ml() == pytest.approx(straight.volumes_ml(), rel=1e-3)


def test_a_parent_is_exactly_the_union_of_its_parts():
    result = segment(scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))[0], model_of())
    assert set(np.unique(np.asarray(result.labelmap.dataobj))) <= {0, 1, 2}
    volumes = result.volumes_ml()
    assert volumes["ball"] == pytest.approx(volumes["core"] + volumes["shell"])


def test_confidence_is_a_probability_high_inside_and_low_at_edges():
    affine = affine_of(range(3), (1, 1, 1), (2.0, 2.0, 2.0), 0.0)
    scan, _ = scan_on(affine)
    assert segment(scan, model_of()).confidence is None
    confidence = segment(scan, model_of(), confidence=True).confidence
    values = confidence.get_fdata()
    assert values.shape == scan.data.shape
    assert 0 < values.min() < 0.7
    assert values.max() <= 1
    assert values[15, 17, 13] > 0.95


def test_confidence_is_summed_up_per_label_and_for_the_whole_scan():
    result = segment(scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))[0], model_of(), confidence=True)
    labelmap, values = np.asarray(result.labelmap.dataobj), result.confidence.get_fdata()
    means = result.mean_confidence()
    assert means["core"] == pytest.approx(values[labelmap == 1].mean())
    assert means["ball"] == pytest.approx(values[labelmap > 0].mean())
    assert result.uncertainty() == pytest.approx(1 - means["ball"])
    with pytest.raises(ValueError, match="confidence"):
        segment(scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))[0], model_of()).uncertainty()


def test_a_scan_in_which_nothing_is_found_is_as_uncertain_as_can_be():
    scan = Volume(np.zeros((20, 20, 20), np.float32), np.eye(4))
    result = segment(scan, model_of(), confidence=True)
    assert result.uncertainty() == 1
    assert result.mean_confidence() == {"core": None, "shell": None, "ball": None}
    assert result.volumes_ml() == {"core": 0, "shell": 0, "ball": 0}
    assert len(result.warnings) == 1


def test_paths_and_nibabel_images_are_taken_alike(tmp_path):
    scan, _ = scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))
    write_volume(tmp_path / "scan.nii.gz", scan)
    by_path = segment(tmp_path / "scan.nii.gz", model_of())
    by_image = segment(nibabel.Nifti1Image(scan.data, scan.affine), model_of())
    assert np.array_equal(by_path.labelmap.dataobj, by_image.labelmap.dataobj)


def test_progress_rises_to_the_number_of_steps():
    seen = []
    scan, _ = scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))
    segment(scan, model_of(), progress=lambda done, total: seen.append((done, total)))
    done, total = zip(*seen, strict=True)
    assert list(done) == sorted(set(done)) and set(total) == {done[-1]}


def test_an_unknown_device_is_refused():
    scan, _ = scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))
    with pytest.raises(UserError, match="choose auto or cpu"):
        segment(scan, model_of(), device="cuda:99")


def test_a_raw_anisotropic_stack_keeps_its_grid(fetal_stacks):
    path = fetal_stacks / "stack-1_T2w.nii.gz"
    result = segment(path, model_of())
    original = nibabel.load(path)
    assert result.labelmap.shape == original.shape
    assert np.allclose(result.labelmap.affine, original.affine, atol=1e-6)


class TestManyScans:
    def test_a_folder_gives_a_file_of_the_same_name_each(self, tmp_path):
        scan, _ = scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))
        (tmp_path / "in").mkdir()
        for name in ("a.nii.gz", "b.nii", "c.nrrd"):
            write_volume(tmp_path / "in" / name, scan)
        jobs = find_jobs(tmp_path / "in", tmp_path / "out")
        done = list(segment_files(jobs, model_of(), outputs=Outputs(confidence=True)))
        assert len(done) == 3
        for job, result in done:
            assert job.labelmap.name == job.image.name
            stored = read_labelmap(job.labelmap)
            assert np.array_equal(stored.data, np.asarray(result.labelmap.dataobj))
            assert job.confidence.is_file()

    def test_a_bids_tree_gives_a_derivative_at_the_same_place(self, tmp_path):
        image = tmp_path / "in/sub-1/ses-2/anat/sub-1_ses-2_T2w.nii.gz"
        image.parent.mkdir(parents=True)
        write_volume(image, scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))[0])
        (job,) = find_jobs(tmp_path / "in", tmp_path / "out")
        expected = "out/sub-1/ses-2/anat/sub-1_ses-2_desc-partialseg_dseg.nii.gz"
        assert job.labelmap == tmp_path / expected

    def test_one_unusable_scan_does_not_stop_the_others(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in/a.nii.gz").write_text("not an image")
        write_volume(tmp_path / "in/b.nii.gz", scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))[0])
        results = dict(segment_files(find_jobs(tmp_path / "in", tmp_path / "out"), model_of()))
        bad, good = sorted(results, key=lambda job: job.image)
        assert isinstance(results[bad], UserError)
        assert not bad.labelmap.exists()
        assert good.labelmap.exists()

    def test_a_bids_tree_is_searched_over_links_and_a_lost_one_fails_by_itself(self, tmp_path):
        image = tmp_path / "store/anat/sub-1_ses-2_T2w.nii.gz"
        image.parent.mkdir(parents=True)
        write_volume(image, scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))[0])
        (tmp_path / "in/sub-1").mkdir(parents=True)
        (tmp_path / "in/sub-1/ses-2").symlink_to(tmp_path / "store")
        (tmp_path / "in/sub-1/latest").symlink_to("ses-2")
        (tmp_path / "in/sub-2/anat").mkdir(parents=True)
        (tmp_path / "in/sub-2/anat/sub-2_T2w.nii.gz").symlink_to("../.git/annex/objects/gone")
        jobs = find_jobs(tmp_path / "in", tmp_path / "out")
        assert len(jobs) == 2
        results = {job.image.name: result for job, result in segment_files(jobs, model_of())}
        assert "datalad get" in str(results["sub-2_T2w.nii.gz"])
        assert not isinstance(results["sub-1_ses-2_T2w.nii.gz"], UserError)

    def test_a_folder_that_may_not_be_read_is_an_error(self, tmp_path, closed):
        for subject in "12":
            anat = tmp_path / f"in/sub-{subject}/anat"
            anat.mkdir(parents=True)
            (anat / f"sub-{subject}_T2w.nii.gz").touch()
        closed(tmp_path / "in/sub-2")
        with pytest.raises(UserError, match=r"sub-2 cannot be looked at"):
            find_jobs(tmp_path / "in", tmp_path / "out")

    @pytest.mark.parametrize(
        "names",
        [
            ("sub-1/anat/sub-1_T2w.nii", "sub-1/anat/sub-1_T2w.nii.gz"),
            ("a.nii", "a.nii.gz"),
            ("a.nii.gz", "A.NII.GZ"),
            ("a.nii.gz", "a_confidence.nii.gz"),
        ],
    )
    def test_scans_whose_results_would_have_one_name_are_refused(self, tmp_path, names):
        for name in names:
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).touch()
        first, second = (re.escape(name) for name in sorted(names))
        with pytest.raises(UserError, match=rf"{first} and .*{second} would both"):
            find_jobs(tmp_path / "in", tmp_path / "out", outputs=Outputs(confidence=True))

    def test_endings_in_capitals_and_files_of_macos_are_known(self, tmp_path):
        scan, _ = scan_on(np.diag([2.0, 2.0, 2.0, 1.0]))
        (tmp_path / "in").mkdir()
        write_volume(tmp_path / "in/A.NII.GZ", scan)
        (tmp_path / "in/._A.NII.GZ").write_bytes(b"\0\5\x16\7")
        ((job, result),) = segment_files(find_jobs(tmp_path / "in", tmp_path / "out"), model_of())
        assert read_labelmap(job.labelmap).data.shape == result.labelmap.shape

    def test_nothing_is_overwritten_unless_asked(self, tmp_path):
        (tmp_path / "scan.nii.gz").touch()
        (tmp_path / "out.nii.gz").touch()
        with pytest.raises(UserError, match="already exists"):
            find_jobs(tmp_path / "scan.nii.gz", tmp_path / "out.nii.gz")
        assert find_jobs(tmp_path / "scan.nii.gz", tmp_path / "out.nii.gz", overwrite=True)

    @pytest.mark.parametrize("output", [".", "../in"])
    def test_no_scan_is_replaced_by_its_labelmap_even_if_asked(self, tmp_path, output):
        (tmp_path / "in").mkdir()
        (tmp_path / "in/scan.nii.gz").touch()
        with pytest.raises(UserError, match=r"scan\.nii\.gz is a scan to segment"):
            find_jobs(tmp_path / "in", tmp_path / "in" / output, overwrite=True)

    @pytest.mark.parametrize(
        ("source", "output", "words"),
        [
            ("missing.nii.gz", "out.nii.gz", "does not exist"),
            ("empty", "out", "holds no image"),
            ("scan.nii.gz", "out.png", "must end in"),
        ],
    )
    def test_what_cannot_work_is_refused_before_anything_is_read(
        self, tmp_path, source, output, words
    ):
        (tmp_path / "empty").mkdir()
        (tmp_path / "scan.nii.gz").touch()
        with pytest.raises(UserError, match=words):
            find_jobs(tmp_path / source, tmp_path / output)


def test_a_run_folder_may_be_named_in_place_of_its_model(tmp_path):
    from partialseg_trainer.networks import build_network

    network = build_network("unet", 1, len(SCHEME), width=2, depth=2)
    info = model_of().info.model_copy(update={"network": NetworkSettings(width=2, depth=2)})
    save_model(tmp_path / "run" / "model", network, info, card="")
    assert load_model(tmp_path / "run").info.name == "threshold"

"""The images of one scan are found by their names, in trees, in folders and beside a file."""

import numpy as np
import pytest

from partialseg_trainer.cli import main
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import find_images, find_jobs, other_contrast, segment_files
from partialseg_trainer.inference.outputs import Outputs
from partialseg_trainer.networks.model import save_model
from partialseg_trainer.volumes import write_volume
from partialseg_trainer.volumes.preprocessing import Preprocessing
from small_models import noise_scan
from test_contrasts import BOTH, of_both

ONE, TWO = "sub-01_ses-1", "sub-02"


def write(path, seed: int = 0):
    path.parent.mkdir(parents=True, exist_ok=True)
    scan = noise_scan()
    noise = np.random.default_rng(seed).random(scan.data.shape).astype(np.float32)
    write_volume(path, scan.with_data(scan.data + noise))
    return path


@pytest.fixture
def tree(tmp_path):
    """A subject with both under names of their own, one with both twice, and one without."""
    anat = tmp_path / "tree/sub-01/ses-1/anat"
    write(anat / f"{ONE}_T2w.nii.gz", 1)
    write(anat / f"{ONE}_acq-mprage_T1w.nii.gz", 2)
    anat = tmp_path / "tree/sub-02/anat"
    for run in (1, 2):
        for seed, contrast in enumerate(BOTH):
            write(anat / f"{TWO}_run-{run}_{contrast}.nii.gz", 10 * run + seed)
    write(tmp_path / "tree/sub-03/anat/sub-03_T2w.nii.gz", 5)
    return tmp_path / "tree"


def names(found):
    return [{contrast: path.name for contrast, path in images.items()} for images in found]


def test_a_tree_gives_every_scan_with_its_images(tree, tmp_path):
    assert names(find_images(tree, BOTH)) == [
        {"T2w": f"{ONE}_T2w.nii.gz", "T1w": f"{ONE}_acq-mprage_T1w.nii.gz"},
        {"T2w": f"{TWO}_run-1_T2w.nii.gz", "T1w": f"{TWO}_run-1_T1w.nii.gz"},
        {"T2w": f"{TWO}_run-2_T2w.nii.gz", "T1w": f"{TWO}_run-2_T1w.nii.gz"},
        {"T2w": "sub-03_T2w.nii.gz"},
    ]
    assert len(find_images(tree, ("T1w",))) == 3
    jobs = find_jobs(tree, tmp_path / "out", contrast=BOTH)
    results = list(segment_files(jobs, of_both(), device="cpu"))
    assert [isinstance(result, UserError) for _, result in results] == [False] * 3 + [True]
    assert "sub-03_T2w.nii.gz has no T1w" in str(results[-1][1])
    assert (tmp_path / "out/sub-02/anat/sub-02_run-2_desc-partialseg_dseg.nii.gz").is_file()
    (_, without), *_ = segment_files(jobs[3:], of_both(dropout=0.1), device="cpu")
    assert any("without its T1w" in warning for warning in without.warnings)


def test_a_folder_and_a_file_have_them_by_their_names(tmp_path):
    for seed, name in enumerate(("a_T2w", "a_T1w", "a_FLAIR", "b", "b-T1")):
        write(tmp_path / f"{name}.nii.gz", seed)
    assert names(find_images(tmp_path, BOTH)) == [
        {"T2w": "a_T2w.nii.gz", "T1w": "a_T1w.nii.gz"},
        {"T2w": "b.nii.gz", "T1w": "b-T1.nii.gz"},
    ]
    first = tmp_path / "a_T2w.nii.gz"
    assert names(find_images(first, BOTH)) == names(find_images(tmp_path / "a_T1w.nii.gz", BOTH))
    (job,) = find_jobs(first, tmp_path / "out.nii.gz", contrast=BOTH)
    assert job.image == first and other_contrast(job, BOTH) is None
    given = {"T1w": tmp_path / "a_FLAIR.nii.gz"}
    (job,) = find_jobs(first, tmp_path / "out.nii.gz", contrast=BOTH, images=given)
    assert "is a FLAIR by its name, and was given as the T1w" in other_contrast(job, BOTH)
    with pytest.raises(UserError, match=r"T2w is given twice"):
        find_images(first, BOTH, {"T2w": tmp_path / "b.nii.gz"})
    with pytest.raises(UserError, match=r"is a folder, .* leave --image out"):
        find_images(tmp_path, BOTH, given)
    with pytest.raises(UserError, match=r"a_T1w.nii.gz is a scan to segment itself"):
        find_jobs(
            first,
            tmp_path / "a_T1w.nii.gz",
            overwrite=True,
            contrast=BOTH,
            outputs=Outputs(),
        )


def test_the_command_takes_them_by_their_names(tmp_path, capsys):
    model = of_both(Preprocessing(spacing=3.0))
    network = model.info.network.model_copy(update={"width": 4, "depth": 2})
    info = model.info.model_copy(update={"network": network})
    save_model(tmp_path / "model", model.network, info, "card")
    t2w, t1w = (write(tmp_path / f"{name}.nii.gz", seed) for seed, name in enumerate("xy"))

    def segment(*words) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["segment", *map(str, words), "--model", str(tmp_path / "model")])
        return int(ended.value.code or 0), "".join(capsys.readouterr())

    out = ("-o", tmp_path / "out.nii.gz")
    code, said = segment(t2w, *out)
    assert code == 2 and "needs T2w and T1w" in said and "--image T1w=FILE" in said
    code, said = segment(t2w, *out, "--image", f"FLAIR={t1w}", "--image", f"T1w={t1w}")
    assert code == 2 and "FLAIR is given" in said
    code, said = segment(t2w, *out, "--image", f"T1w={tmp_path / 'gone.nii'}")
    assert code == 2 and "gone.nii" in said
    assert segment(t2w, *out, "--image", f"T1={t1w}")[0] == 0
    assert (tmp_path / "out.nii.gz").is_file()

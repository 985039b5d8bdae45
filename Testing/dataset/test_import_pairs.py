"""Image and labelmap files find each other, and values change all at once."""

import numpy as np
import pytest

from partialseg_trainer.dataset import import_pairs
from partialseg_trainer.dataset.pairing import find_pairs, scan_name
from partialseg_trainer.errors import UserError
from partialseg_trainer.volumes import Volume, write_volume
from small_scans import AFFINE, image, labelmap, write_pair


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for seed, name in enumerate(("a-1", "b-2", "c-3")):
        write_pair(folder, name, seed)
    return folder


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("GA25_operated", "sub-GA25operated"),
        ("sub-07", "sub-07"),
        ("sub-CC01_ses-72_desc-drawem9", "sub-CC01_ses-72"),
        ("sub-a b", "sub-subab"),
        ("Case 3 (new)", "sub-Case3new"),
    ],
)
def test_subjects_are_named_by_a_fixed_rule(stem, name):
    assert str(scan_name(stem)) == name


def test_a_name_without_letters_and_digits_is_refused():
    with pytest.raises(UserError, match="rename"):
        scan_name("--")


def test_pairs_in_one_folder_are_told_apart_by_their_last_word(tmp_path):
    for name in ("x_T2w.nii.gz", "x_dseg.nii", "x_brain_mask.nii.gz", "y.nrrd", "y-label.nrrd"):
        touch(tmp_path / name)
    pairs = find_pairs(tmp_path, tmp_path)
    assert [(str(pair.scan), pair.image.name, pair.labels.name) for pair in pairs] == [
        ("sub-x", "x_T2w.nii.gz", "x_dseg.nii"),
        ("sub-y", "y.nrrd", "y-label.nrrd"),
    ]


def test_pairs_in_two_folders_may_have_the_same_name(tmp_path):
    touch(tmp_path / "images" / "x.nii.gz")
    touch(tmp_path / "labels" / "x.nii.gz")
    (pair,) = find_pairs(tmp_path / "images", tmp_path / "labels")
    assert (pair.image.parent.name, pair.labels.parent.name) == ("images", "labels")


def test_files_called_only_by_their_kind_have_the_name_of_their_folder(tmp_path):
    for week in ("GA21", "GA22"):
        for name in ("T2w.nii.gz", "T1w.nii.gz", "parcellation.nii.gz"):
            touch(tmp_path / week / name)
    with pytest.raises(UserError, match="pattern"):
        find_pairs(tmp_path, tmp_path)
    pairs = find_pairs(tmp_path / "*" / "T2w.nii.gz", tmp_path)
    assert [str(pair.scan) for pair in pairs] == ["sub-GA21", "sub-GA22"]


def test_files_without_a_partner_are_named(tmp_path):
    touch(tmp_path / "x_T2w.nii.gz")
    touch(tmp_path / "y_T2w.nii.gz")
    touch(tmp_path / "y_dseg.nii.gz")
    touch(tmp_path / "z_dseg.nii.gz")
    with pytest.raises(UserError, match=r"x_T2w.nii.gz.*z_dseg.nii.gz"):
        find_pairs(tmp_path, tmp_path)


def test_two_files_that_would_be_one_subject_are_named(tmp_path):
    touch(tmp_path / "a-1_T2w.nii.gz")
    touch(tmp_path / "a_1_T2w.nii.gz")
    with pytest.raises(UserError, match=r"a-1_T2w.nii.gz and .*a_1_T2w.nii.gz"):
        find_pairs(tmp_path, tmp_path)


def test_an_empty_or_missing_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="no file to import"):
        find_pairs(tmp_path, tmp_path)
    with pytest.raises(UserError, match="neither a folder"):
        find_pairs(tmp_path / "nowhere", tmp_path)


def test_an_import_keeps_images_and_labels(source, tmp_path, dhcp9):
    calls = []
    dataset = import_pairs(
        source,
        source,
        "dhcp9",
        tmp_path / "out",
        groups={"a-1": "twins", "b-2": "twins"},
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert [case.name for case in dataset.cases] == ["sub-a1", "sub-b2", "sub-c3"]
    for seed, case in enumerate(dataset.cases):
        assert case.info.fully_known
        np.testing.assert_array_equal(case.image().data, image(seed).data)
        np.testing.assert_array_equal(case.label_sets(dhcp9).labelmap(), labelmap(seed).data)
    table = (dataset.folder / "participants.tsv").read_text()
    assert table.count("twins") == 2


def test_values_are_mapped_all_at_once(source, tmp_path, dhcp9):
    dataset = import_pairs(source, source, dhcp9, tmp_path / "out", mapping={1: 2, 2: 1, 9: 0})
    before, after = labelmap(0).data, dataset.cases[0].label_sets(dhcp9).labelmap()
    for old, new in {1: 2, 2: 1, 9: 0, 3: 3}.items():
        assert (after[before == old] == new).all()


def test_hiding_keeps_some_subjects_full(source, tmp_path, dhcp9):
    hidden = ("wm", "cgm", "dgm")
    dataset = import_pairs(
        source, source, dhcp9, tmp_path / "out", hide=hidden, keep_full=1, seed=0
    )
    assert sum(case.info.fully_known for case in dataset.cases) == 1
    again = import_pairs(
        source, source, dhcp9, tmp_path / "again", hide=hidden, keep_full=1, seed=0
    )
    assert [case.info.fully_known for case in dataset.cases] == [
        case.info.fully_known for case in again.cases
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "brainstem"}, r"values that scheme .*5 \(\d+ voxels\)"),
        ({"scheme": "nonsense"}, "nonsense"),
        ({"mapping": {1: 77}}, "1=77"),
        ({"hide": ("thalamus",)}, "thalamus"),
        ({"hide": ("wm",), "keep_full": 4}, "only 3 subjects"),
        ({"keep_full": 1}, "no label is hidden"),
        ({"hide": ("wm",), "keep_full": -1}, "-1"),
        ({"groups": {"d-4": "twins"}}, "d4"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(source, tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        import_pairs(source, source, **{"scheme": "dhcp9", "output": tmp_path / "out", **options})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize("damage", ["geometry", "truncated", "fractions", "not an image"])
def test_a_bad_last_file_leaves_nothing_behind(source, tmp_path, damage):
    path = source / "c-3_dseg.nii.gz"
    if damage == "geometry":
        moved = AFFINE.copy()
        moved[0, 3] += 1
        write_volume(path, Volume(labelmap().data, moved))
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "fractions":
        write_volume(path, image())
    else:
        path.write_text("hello")
    with pytest.raises(UserError, match="c-3_dseg"):
        import_pairs(source, source, "dhcp9", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_an_output_that_exists_is_not_touched(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        import_pairs(source, source, "dhcp9", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_the_atlas_is_imported_by_its_folders(atlas, tmp_path):
    hidden = ("wm", "cgm", "dgm", "corpus_callosum")
    weeks = str(atlas / "GA2[12]_*")
    dataset = import_pairs(
        f"{weeks}/T2w.nii.gz",
        f"{weeks}/parcellation.nii.gz",
        "fetal8",
        tmp_path / "out",
        hide=hidden,
    )
    assert [case.subject for case in dataset.cases] == ["GA21notoperated", "GA22notoperated"]
    sets = dataset.cases[0].label_sets(dataset.scheme)
    assert (sets.value_of("wm")[sets.value_of("tcv") == 1] == 2).all()

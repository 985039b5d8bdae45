"""Section Worklist: forty scans one after the other, and a crash loses a minute at most."""

import numpy as np
import pytest

SHAPE = (8, 9, 10)


@pytest.fixture
def scans(tmp_path):
    """A folder of three scans."""
    import nibabel

    folder = tmp_path / "scans"
    (folder / "sub-02").mkdir(parents=True)
    for name in ("a.nii.gz", "b.nii.gz", "sub-02/c.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.int16).T, np.eye(4)), folder / name)
    return folder


@pytest.fixture
def listed(panel, scans, tmp_path, waitFor):
    """The section with these scans listed; there is no dataset yet."""
    section = atFolder(panel, scans, tmp_path)
    section.ui.listButton.click()
    assert section.busy and section.ui.listButton.text == "Cancel"
    waitFor(lambda: not section.busy)
    assert section.ui.listButton.text == "List"
    return section


@pytest.fixture
def work(panel, scans, tmp_path):
    """The same with a dataset for the drafts, and without waiting for what looks for scans."""
    from partialseg_trainer.dataset import Dataset
    from partialseg_trainer.finding import find_volumes
    from PartialSegLib.dataset.drafts import workItemsJob
    from PartialSegLib.engine.steps import finish

    dataset = Dataset.create(tmp_path / "dataset", "dhcp9", "newborns")
    section = atFolder(panel, scans, tmp_path)
    job = workItemsJob(scans, dataset.folder, onFinished=section._onListed)
    found = [{"path": str(path), "further": {}, "lacking": ""} for path in find_volumes(scans)]
    section._onListed(finish(job._load({"scans": found}, None)))
    return section


def atFolder(panel, scans, tmp_path):
    """The section with the folders of scans and dataset chosen."""
    from PartialSegLib.panel.worklist.section import WorklistSection

    panel.sections[0].parameterNode.dataset = str(tmp_path / "dataset")
    section = panel.section(WorklistSection)
    section.ui.worklistPathLineEdit.currentPath = str(scans)
    return section


def rows(section):
    table = section.ui.worklistTable
    return [
        tuple(table.item(row, column).text() for column in range(2))
        for row in range(table.rowCount)
    ]


DRAWN = np.zeros(SHAPE, np.uint8)
DRAWN[2:5, 3:7, 1:9] = 1


def paint(section, name="tcv", mask=DRAWN):
    import slicer

    chosen = section.parameterNode
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask, chosen.segmentation, name, chosen.inputVolume
    )
    section.logic.setStatus(chosen.segmentation, name, "complete")


def test_without_a_dataset_every_button_says_why(panel):
    from PartialSegLib.panel.worklist.section import WorklistSection

    ui = panel.section(WorklistSection).ui
    for button in (ui.listButton, ui.openButton, ui.nextButton):
        assert not button.enabled and "Choose the dataset" in button.toolTip


def test_scans_are_listed_and_opened_with_segments_to_paint(listed, waitFor, tmp_path):
    assert rows(listed) == [("a.nii.gz", ""), ("b.nii.gz", ""), ("c.nii.gz", "")]
    listed.ui.nextButton.click()
    waitFor(lambda: not listed.busy)
    chosen = listed.parameterNode
    assert chosen.inputVolume.GetName() == "a"
    assert chosen.segmentation.GetSegmentation().GetNumberOfSegments() == 10
    assert (tmp_path / "dataset" / "dataset_description.json").is_file()


def test_listing_is_cancelled_and_ends_with_the_scene(listed, scene):
    listed.ui.listButton.click()
    listed.ui.listButton.click()
    assert not listed.busy and "Cancelled" in listed.ui.worklistLabel.text
    assert len(rows(listed)) == 3
    listed.ui.listButton.click()
    scene.Clear(False)
    assert not listed.busy and listed.ui.worklistLabel.text == ""


def test_one_key_saves_the_draft_and_goes_on_to_the_next_scan(work, scene):
    assert str(work.ui.nextButton.shortcut.toString()) == "Ctrl+Shift+N"
    work.ui.nextButton.click()
    paint(work)
    work.ui.nextButton.click()
    assert work.parameterNode.inputVolume.GetName() == "b"
    assert rows(work)[0] == ("a.nii.gz", "Total cerebrum")
    assert scene.GetFirstNodeByName("a") is None, "the scan before is not kept in memory"
    scene.RemoveNode(work.parameterNode.segmentation)
    work.ui.nextButton.click()
    assert scene.GetFirstNodeByName("b") is None and work.parameterNode.inputVolume is not None


def test_a_draft_comes_back_as_it_was_with_what_awaits_review(work, panel):
    import slicer

    from PartialSegLib.scene.labelSegments import LabelSegments
    from PartialSegLib.scene.segmentStatus import holdBack

    work.ui.nextButton.click()
    paint(work)
    paint(work, "csf")
    holdBack(work.parameterNode.segmentation, "csf")
    work.ui.nextButton.click()
    work.ui.worklistTable.selectRow(0)
    work.ui.openButton.click()
    chosen = work.parameterNode
    assert chosen.inputVolume.GetName() == "a"
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(
        chosen.segmentation, "tcv", chosen.inputVolume
    )
    assert np.array_equal(mask, DRAWN)
    # What is drawn next may lie anywhere in the scan.
    paint(work, "wm", 1 - DRAWN)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(chosen.segmentation, "wm", chosen.inputVolume)
    assert np.array_equal(mask, 1 - DRAWN)
    scheme = work.logic.scheme("dhcp9")
    status = {
        row.name: row.status.value for row in work.logic.labelTable(chosen.segmentation, scheme)
    }
    assert status["tcv"] == "complete" and status["csf"] == "not_annotated"

    assert LabelSegments(chosen.segmentation, scheme).heldBack() == ("csf",)


def test_the_annotation_is_kept_by_itself_and_when_the_scene_is_closed(work, scene):
    work.ui.nextButton.click()
    paint(work)
    item = work._open
    assert not item.begun
    work._timer.timeout()
    assert item.begun and "was saved at" in work.ui.worklistLabel.text
    before = item.draft.stat().st_mtime_ns
    work._timer.timeout()
    assert item.draft.stat().st_mtime_ns == before, "nothing has changed"
    paint(work, "wm")
    scene.Clear(False)
    assert item.draft.stat().st_mtime_ns > before


def test_a_draft_that_cannot_be_written_is_told_and_nothing_is_lost(work, dialogs, tmp_path):
    work.ui.nextButton.click()
    paint(work)
    (tmp_path / "dataset" / "sourcedata").write_text("in the way")
    work._timer.timeout()
    assert len(dialogs.errors) == 1
    assert work.parameterNode.inputVolume.GetName() == "a" and work._changed
    work._changed = False


def test_what_another_slicer_has_drawn_of_a_scan_meanwhile_is_kept(work):
    from PartialSegLib.dataset.drafts import saveDraft

    work.ui.nextButton.click()
    paint(work)
    opened, chosen = work._open, work.parameterNode
    saveDraft(opened, chosen.segmentation, work.logic.scheme("dhcp9"), "somebody else")
    theirs = opened.draft.read_bytes()
    for label, kept in (("wm", True), ("csf", False)):
        paint(work, label)
        work._timer.timeout()
        assert ("Somebody else had written one" in work.ui.worklistLabel.text) is kept
    (beside,) = (file for file in opened.draft.parent.glob("*.seg.nrrd") if file != opened.draft)
    assert beside.read_bytes() == theirs != opened.draft.read_bytes()


def test_the_contrasts_of_a_head_are_one_scan_and_are_opened_and_put_away_together(
    panel, tmp_path, waitFor
):
    import nibabel

    from PartialSegLib.scene.furtherScans import furtherScans

    folder = tmp_path / "scans"
    for name in ("a_T2w", "a_T1w", "b/a_T2w", "b/a_T1w", "c_T1w", "d_FLAIR"):
        path = folder / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.int16).T, np.eye(4)), path)
    work = atFolder(panel, folder, tmp_path)
    chosen = work.parameterNode
    chosen.contrasts = "T2w, T1w"
    work.ui.listButton.click()
    waitFor(lambda: not work.busy)
    # With places where a narrow table may break them.
    names = [name.replace("\u200b", "") for name, _done in rows(work)]
    assert names == ["a_T2w.nii.gz", "a_T2w.nii.gz", "c_T1w.nii.gz"]
    assert "no T2w" in rows(work)[2][1]
    work.ui.nextButton.click()
    waitFor(lambda: not work.busy)
    first = chosen.inputVolume
    (other,) = furtherScans(first).values()
    assert (first.GetName(), other.GetName()) == ("a_T2w", "a_T1w")
    paint(work)
    work.ui.nextButton.click()
    assert first.GetScene() is None and other.GetScene() is None
    assert list(furtherScans(chosen.inputVolume)) == ["T1w"]
    paint(work)
    work.ui.worklistTable.selectRow(2)
    assert "no T2w" in work.ui.openButton.toolTip
    assert "Every scan" in work.ui.nextButton.toolTip
    work._changed = False

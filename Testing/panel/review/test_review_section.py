"""Section Review: places to look at, labels to accept, and the scan to annotate next."""

import time
from pathlib import Path

import numpy as np
import pytest

SHAPE = (48, 56, 52)


@pytest.fixture
def dhcp9():
    from partialseg_trainer.labels import LabelScheme

    return LabelScheme.load("dhcp9")


@pytest.fixture
def predicted(scene, dhcp9):
    """A scan with a prediction of it and two places where the model was not sure."""
    import slicer

    from PartialSegLib.prediction.confidence import keepConfidence
    from PartialSegLib.prediction.results import loadPrediction

    k, j, i = np.ogrid[:48, :56, :52]
    depth = 1 - np.sqrt(((k - 24) / 20) ** 2 + ((j - 28) / 24) ** 2 + ((i - 26) / 22) ** 2)
    labelmap = np.zeros(SHAPE, np.uint8)
    for limit, name in ((0, "csf"), (0.1, "cgm"), (0.25, "wm"), (0.6, "dgm"), (0.8, "ventricles")):
        labelmap[depth > limit] = dhcp9[name].value
    labelmap[8:14, 10:20, 20:32] = dhcp9["cerebellum"].value
    confidence = np.full(SHAPE, 96, np.uint8)
    confidence[(depth > -0.1) & (depth < 0.3)] = 80
    confidence[30:34, 20:30, 20:30] = 20
    confidence[12:14, 30:36, 26:34] = 30
    scan = slicer.util.addVolumeFromArray(
        (900 * depth.clip(0)).astype(np.int16), np.diag([2, 2, 2, 1]), "newborn-07"
    )
    segmentation = loadPrediction(labelmap, dhcp9, scan).segmentationNode
    keepConfidence(segmentation, scan, confidence)
    return segmentation


@pytest.fixture
def review(section, logic, predicted):
    """The section, unfolded, with a prediction to review."""
    from PartialSegLib.panel.review.section import ReviewSection

    logic.getParameterNode().segmentation = predicted
    made = section(ReviewSection)
    made.ui.reviewCollapsibleButton.collapsed = False
    return made


@pytest.fixture
def sliceNodes(scene):
    """The three slice views' nodes."""
    import slicer

    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    nodes = []
    for name, orientation in (("Red", "Axial"), ("Green", "Coronal"), ("Yellow", "Sagittal")):
        node = scene.CreateNodeByClass("vtkMRMLSliceNode")
        node.SetLayoutName(name)
        node.SetOrientation(orientation)
        nodes.append(scene.AddNode(node))
        node.UnRegister(scene)
    return nodes


def middle(sliceNode):
    """What the middle of a slice view shows, RAS mm."""
    return [sliceNode.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)]


def cells(table):
    return [
        [table.item(row, column) and table.item(row, column).text() for column in range(columns)]
        for row in range(table.rowCount)
        for columns in [table.columnCount]
    ]


def row(table, title):
    return next(cell for cell in cells(table) if cell[0].strip() == title)


def test_with_nothing_to_review_every_button_says_why(section):
    from PartialSegLib.panel.review.section import ReviewSection

    made = section(ReviewSection)
    ui = made.ui
    for button in (ui.previousButton, ui.nextButton, ui.acceptButton, ui.acceptAllButton):
        assert not button.enabled and "segment a scan first" in button.toolTip
    assert "segment a scan first" in ui.predictionLabel.text
    assert ui.labelsTable.rowCount == 0
    for button, reason in (
        (ui.findButton, "Choose a folder"),
        (ui.cancelButton, "No folder"),
        (ui.loadButton, "Select a scan"),
    ):
        assert not button.enabled and reason in button.toolTip


def test_the_labels_of_a_prediction_are_listed_with_confidence_volume_and_status(
    review, predicted, waitFor, logic, dhcp9
):
    table = review.ui.labelsTable
    assert "newborn-07 segmentation: labels that await review: 10" in review.ui.predictionLabel.text
    waitFor(lambda: row(table, "White matter")[1])
    confidence = logic.labelConfidence(predicted, dhcp9)
    volume = logic.labelVolumes(predicted, dhcp9)
    assert row(table, "White matter") == [
        "    White matter",
        f"{round(confidence['wm'])} %",
        f"{volume['wm']:.2f}",
        "To review",
    ]
    assert row(table, "Brainstem")[1:] == ["", "0.00", "To review"]


@pytest.mark.parametrize("hidden", ["folded", "another module"])
def test_labels_are_measured_only_while_they_can_be_seen(review, predicted, waitFor, hidden):
    ui = review.ui
    if hidden == "folded":
        ui.reviewCollapsibleButton.collapsed = True
    else:
        review.exit()
    for segmentation in (None, predicted):
        review.parameterNode.segmentation = segmentation
    end = time.monotonic() + 0.3
    waitFor(lambda: time.monotonic() > end)
    assert ui.labelsTable.rowCount == 10 and not row(ui.labelsTable, "White matter")[1]
    ui.reviewCollapsibleButton.collapsed = False
    review.enter()
    waitFor(lambda: row(ui.labelsTable, "White matter")[1])


def test_next_and_previous_lead_all_slice_views_from_the_least_sure_place_on(
    review, predicted, sliceNodes, waitFor, logic, dhcp9
):
    ui, places = review.ui, logic.reviewSlices(predicted, dhcp9)
    assert not ui.previousButton.enabled and ui.nextButton.enabled
    ui.nextButton.click()
    waitFor(lambda: ui.positionLabel.text.startswith("1 of"))
    for number, place in enumerate(places, start=1):
        percent = round(100 * place.uncertainty)
        shown = f"{number} of {len(places)}, uncertainty {percent} %"
        assert ui.positionLabel.text == shown
        assert all(middle(node) == pytest.approx(place.ras) for node in sliceNodes)
        if number < len(places):
            ui.nextButton.click()
    assert len(places) > 4 and abs(places[0].ras[2] - 64) < 8
    assert not ui.nextButton.enabled and "last place" in ui.nextButton.toolTip
    ui.previousButton.click()
    assert ui.positionLabel.text.startswith(f"{len(places) - 1} of")


@pytest.mark.parametrize(("index", "kind"), [(0, "axial"), (1, "coronal"), (2, "sagittal")])
def test_slices_of_the_chosen_kind_are_put_in_order(
    review, predicted, sliceNodes, waitFor, logic, dhcp9, index, kind
):
    ui = review.ui
    ui.kindComboBox.currentIndex = index
    assert ui.positionLabel.text.startswith("Next shows")
    ui.nextButton.click()
    waitFor(lambda: ui.positionLabel.text.startswith("1 of"))
    place = logic.reviewSlices(predicted, dhcp9, kind)[0]
    assert all(middle(node) == pytest.approx(place.ras) for node in sliceNodes)
    ui.kindComboBox.currentIndex = (index + 1) % 3
    assert ui.positionLabel.text.startswith("Next shows")


def test_the_selected_labels_are_accepted_and_their_status_takes_it_back(
    review, predicted, waitFor, logic
):
    ui = review.ui
    assert not ui.acceptButton.enabled and "Select labels" in ui.acceptButton.toolTip
    titles = [cell[0].strip() for cell in cells(ui.labelsTable)]
    ui.labelsTable.selectRow(titles.index("White matter"))
    assert ui.acceptButton.enabled
    ui.acceptButton.click()
    assert row(ui.labelsTable, "White matter")[3] == "Complete"
    assert row(ui.labelsTable, "Total cerebrum")[3] == "To review"
    assert ui.acceptedLabel.text == "Complete now: White matter."
    assert "labels that await review: 9" in ui.predictionLabel.text
    assert not ui.acceptButton.enabled and "do not await review" in ui.acceptButton.toolTip
    logic.setStatus(predicted, "wm", "not_annotated")
    waitFor(lambda: row(ui.labelsTable, "White matter")[3] == "To review")
    assert ui.acceptButton.enabled


def test_all_labels_are_accepted_and_empty_ones_only_when_that_is_ticked(review):
    ui = review.ui
    ui.acceptAllButton.click()
    assert "Empty, so that nothing is said about it: " in ui.acceptedLabel.text
    assert row(ui.labelsTable, "Brainstem")[3] == "To review"
    ui.emptyCheckBox.checked = True
    ui.acceptAllButton.click()
    assert "Absent now: " in ui.acceptedLabel.text
    assert {cell[3] for cell in cells(ui.labelsTable)} == {"Complete", "Absent"}
    assert not ui.acceptAllButton.enabled and "No label awaits" in ui.acceptAllButton.toolTip
    assert "no label awaits review" in ui.predictionLabel.text


def test_corrections_are_measured_anew_and_a_removed_segment_does_no_harm(
    review, predicted, waitFor, dialogs
):
    import slicer

    table = review.ui.labelsTable
    waitFor(lambda: row(table, "White matter")[2])
    before = row(table, "White matter")[2]
    scan = slicer.util.getNode("newborn-07")
    mask = np.zeros(SHAPE, np.uint8)
    mask[20:22, 20:22, 20:22] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, predicted, "wm", scan)
    waitFor(lambda: row(table, "White matter")[2] not in ("", before))
    review.ui.nextButton.click()
    predicted.GetSegmentation().RemoveSegment("wm")
    waitFor(lambda: row(table, "White matter")[3] == "Not annotated")
    review.ui.nextButton.click()
    waitFor(lambda: review.ui.positionLabel.text.startswith("1 of"))
    assert dialogs.messages == []


def test_places_are_looked_for_anew_when_the_scan_was_segmented_again(
    review, predicted, sliceNodes, waitFor
):
    import slicer

    from PartialSegLib.prediction.confidence import keepConfidence

    ui = review.ui
    ui.nextButton.click()
    waitFor(lambda: ui.positionLabel.text.startswith("1 of"))
    confidence = np.full(SHAPE, 96, np.uint8)
    confidence[20:24, 20:30, 20:30] = 0
    keepConfidence(predicted, slicer.util.getNode("newborn-07"), confidence)
    assert ui.positionLabel.text.startswith("Next shows")
    ui.nextButton.click()
    waitFor(lambda: ui.positionLabel.text.startswith("1 of"))
    assert 38 < middle(sliceNodes[0])[2] < 48


def test_a_segmentation_without_confidence_can_be_accepted_but_has_no_order(
    review, predicted, scene
):
    from PartialSegLib.prediction.confidence import confidenceOf

    scene.RemoveNode(confidenceOf(predicted))
    review.update()
    for button in (review.ui.previousButton, review.ui.nextButton):
        assert not button.enabled and "no confidence map" in button.toolTip
    assert review.ui.acceptAllButton.enabled


def test_a_scheme_that_cannot_be_read_is_told_in_a_line(review, dialogs):
    review.parameterNode.scheme = "no-such-scheme"
    assert "no label scheme 'no-such-scheme'" in review.ui.predictionLabel.text
    for button in (review.ui.acceptAllButton, review.ui.nextButton):
        assert not button.enabled and "no-such-scheme" in button.toolTip
    assert dialogs.messages == []


def test_a_scene_closed_in_the_middle_leaves_nothing_behind(review, scene, logic, waitFor, dialogs):
    review.ui.nextButton.click()
    review.setParameterNode(None)
    scene.Clear(False)
    assert review.ui.labelsTable.rowCount == 0
    assert not review.ui.nextButton.enabled and not review.ui.findButton.enabled
    review.setParameterNode(logic.getParameterNode())
    assert "segment a scan first" in review.ui.predictionLabel.text
    assert dialogs.messages == []


@pytest.fixture
def scans(tmp_path):
    """A folder with two small scans and a file that is none."""
    import nibabel

    folder = tmp_path / "scans"
    folder.mkdir()
    for seed, name in enumerate(("first", "second")):
        scan = np.random.default_rng(seed).normal(200, 60, (32, 36, 30)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(scan, np.eye(4)), folder / f"{name}.nii.gz")
    (folder / "broken.nii.gz").write_text("no image")
    return folder


@pytest.fixture
def loadedPaths(monkeypatch, review):
    """What was loaded; Slicer's reader of volumes is not part of the stand-in."""
    import nibabel
    import slicer

    paths = []

    def loadVolume(path, properties):
        paths.append(path)
        return slicer.util.addVolumeFromArray(nibabel.load(path).get_fdata().T)

    monkeypatch.setattr(slicer.util, "loadVolume", loadVolume)
    return paths


def test_the_scans_of_a_folder_are_put_in_order_and_the_picked_one_becomes_the_input(
    review, scans, loadedPaths, waitFor, dialogs
):
    import slicer

    from partialseg_trainer.dataset import Dataset
    from partialseg_trainer.labels import LabelSets
    from partialseg_trainer.volumes import read_volume

    ui, chosen = review.ui, review.parameterNode
    dataset = Dataset.create(scans.parent / "dataset", "dhcp9", "exported")
    scan = read_volume(scans / "second.nii.gz")
    nothing = LabelSets.from_masks(dataset.scheme, {}, {}, shape=scan.data.shape)
    dataset.add_case("07", scan, nothing, {})
    chosen.dataset, chosen.device = str(dataset.folder), "cpu"

    ui.folderPathLineEdit.currentPath = str(scans)
    assert ui.findButton.enabled
    ui.findButton.click()
    assert not ui.findButton.enabled and "being segmented" in ui.findButton.toolTip
    assert ui.cancelButton.enabled and not ui.findProgressBar.isHidden()
    waitFor(lambda: not review.busy, seconds=120)
    assert ui.findProgressBar.isHidden() and ui.findLabel.isHidden()
    table = [[*line[0].partition("\n")[::2], line[1]] for line in cells(ui.scansTable)]
    assert {line[0] for line in table} == {"first.nii.gz", "second.nii.gz", "broken.nii.gz"}
    assert table[-1][0] == "broken.nii.gz" and "not an image" in table[-1][1]
    notes = {line[0]: line[1] for line in table}
    assert "The dataset holds this image: sub-07." in notes["second.nii.gz"]
    assert "dataset" not in notes["first.nii.gz"]
    assert all(line[2].endswith(" %") for line in table[:-1])

    picked = ui.scansTable.selectedItems()[0].text().split("\n")[0]
    assert picked == "first.nii.gz", "the first one that can be used and is not annotated yet"
    ui.loadButton.click()
    assert loadedPaths == [str(scans / "first.nii.gz")]
    assert chosen.inputVolume is slicer.mrmlScene.GetNodesByClass(
        "vtkMRMLScalarVolumeNode"
    ).GetItemAsObject(2)
    assert chosen.segmentation is None, "which belongs to the scan before"
    assert dialogs.messages == []


def test_looking_through_a_folder_can_be_cancelled(review, scans, waitFor, dialogs):
    ui = review.ui
    ui.folderPathLineEdit.currentPath = str(scans)
    ui.findButton.click()
    ui.cancelButton.click()
    assert not review.busy and ui.findButton.enabled and not ui.cancelButton.enabled
    assert "Cancelled" in ui.findLabel.text and ui.scansTable.rowCount == 0
    assert dialogs.messages == []


def test_a_closed_scene_does_not_end_the_search(review, scans, scene, logic):
    review.ui.folderPathLineEdit.currentPath = str(scans)
    review.ui.findButton.click()
    review.setParameterNode(None)
    scene.Clear(False)
    assert review.busy
    review.setParameterNode(logic.getParameterNode())
    assert review.busy and review.ui.cancelButton.enabled
    review.cancelJob()


def test_a_folder_without_scans_is_told_in_a_sentence(review, tmp_path, waitFor, dialogs):
    (tmp_path / "empty").mkdir()
    review.ui.folderPathLineEdit.currentPath = str(tmp_path / "empty")
    review.ui.findButton.click()
    waitFor(lambda: not review.busy)
    (error,) = dialogs.errors
    assert "holds no image" in error.text
    assert review.ui.findButton.enabled


def test_packages_that_are_refused_leave_the_section_as_it_was(review, scans, packages, dialogs):
    packages.missing.add("torch")
    dialogs.answer("Cancel")
    review.ui.folderPathLineEdit.currentPath = str(scans)
    review.ui.findButton.click()
    assert not review.busy and review.ui.findButton.enabled
    (question,) = dialogs.messages
    assert "segment the scans of a folder" in question.text
    assert "Nothing was installed" in review.ui.findLabel.text


class Ranked:
    """A job of the kind "rank" that is over at once."""

    def __init__(self, folder, *choices, onFinished, **callbacks):
        self.folder, self.onFinished = Path(folder), onFinished

    def poll(self):
        from PartialSegLib.prediction.scanRanking import RankedScan

        scans = (("first", 0.31, None), ("second", 0.22, "sub-07"), ("third", 0.12, None))
        self.onFinished(
            [
                RankedScan(self.folder / f"{name}.nii.gz", uncertainty, case, (), None)
                for name, uncertainty, case in scans
            ]
        )
        return True


def test_picture_for_the_documentation(review, sliceNodes, waitFor, monkeypatch, screenshot):
    ui = review.ui
    monkeypatch.setattr(review.logic, "rankJob", Ranked)
    ui.folderPathLineEdit.currentPath = "/data/newborns"
    ui.findButton.click()
    ui.labelsTable.selectRow(6)
    ui.acceptButton.click()
    ui.nextButton.click()
    waitFor(lambda: not review.busy and ui.positionLabel.text.startswith("1 of"))
    waitFor(lambda: row(ui.labelsTable, "White matter")[2])
    ui.nextButton.click()
    screenshot(review, "review")
    assert ui.scansTable.rowCount == 3 and ui.loadButton.enabled


def test_a_scan_that_slicer_cannot_load_is_told_in_a_sentence(
    review, scans, waitFor, monkeypatch, dialogs
):
    import slicer

    def loadVolume(path, properties):
        raise RuntimeError("Failed to load node from file")

    monkeypatch.setattr(slicer.util, "loadVolume", loadVolume)
    monkeypatch.setattr(review.logic, "rankJob", Ranked)
    review.ui.folderPathLineEdit.currentPath = str(scans)
    review.ui.findButton.click()
    waitFor(lambda: not review.busy)
    before = review.parameterNode.segmentation
    review.ui.loadButton.click()
    assert "first.nii.gz could not be loaded" in dialogs.errors[0].text
    assert review.parameterNode.segmentation is before


def test_labels_of_another_scheme_are_not_selected_because_others_were(review, predicted, dialogs):
    review.ui.labelsTable.selectRow(9)
    review.parameterNode.scheme = "brainstem"
    assert review._table.selected == ()
    assert not review.ui.acceptButton.enabled and not dialogs.messages

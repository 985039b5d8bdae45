"""Panel and views never mean different scans, and what was drawn on others is not in the way."""

import numpy as np
import pytest

SHAPE = (6, 8, 10)


def settled():
    from slicer_stand_in.session import settle

    for _round in range(6):
        settle(2)


def addScan(name, origin=0.0):
    import slicer

    node = slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name=name)
    node.SetOrigin(origin, 0, 0)
    return node


@pytest.fixture
def drawn(logic):
    """Makes a scan with a segmentation and a region of its own."""
    import slicer

    from PartialSegLib.scene.oneScan import belongTo

    def make(name, origin=0.0):
        scan = addScan(name, origin)
        segmentation = logic.addSegmentation(scan)
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(scan)
        region = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", f"{name} region")
        belongTo(region, scan)
        return scan, segmentation, region

    return make


@pytest.fixture
def chosen(panel):
    return panel.sections[0].parameterNode


def backgrounds(scene):
    """Names of the scans that the slice views show."""
    views = scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
    count = views.GetNumberOfItems()
    assert count
    nodes = (
        scene.GetNodeByID(views.GetItemAsObject(number).GetBackgroundVolumeID() or "none")
        for number in range(count)
    )
    return {node and node.GetName() for node in nodes}


def load(scan):
    """Show a scan as Slicer does when a user loads it or picks it in the Data module."""
    import slicer

    slicer.util.setSliceViewerLayers(background=scan, fit=True)
    settled()


def visible(*nodes):
    return [bool(node.GetDisplayVisibility()) for node in nodes]


def test_choosing_a_scan_shows_it_with_what_was_drawn_on_it_alone(panel, chosen, drawn, scene):
    first, second = drawn("first"), drawn("second", 500)
    for mine, others in ((first, second), (second, first)):
        chosen.inputVolume = mine[0]
        settled()
        assert backgrounds(scene) == {mine[0].GetName()}
        assert chosen.segmentation is mine[1] and chosen.region is mine[2]
        assert visible(*mine[1:]) == [True, True] and visible(*others[1:]) == [False, False]


def test_what_the_user_shows_again_and_what_is_not_the_modules_stays(panel, chosen, drawn, scene):
    first, second = drawn("first"), drawn("second")
    own = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "not of this module")
    own.CreateDefaultDisplayNodes()
    chosen.inputVolume = first[0]
    settled()
    second[1].SetDisplayVisibility(True)
    chosen.subject = "07"
    settled()
    assert visible(second[1], own) == [True, True]


def test_a_new_segmentation_of_the_scan_takes_the_place_of_the_one_before(
    panel, chosen, drawn, logic
):
    scan, before, _region = drawn("first")
    chosen.inputVolume = scan
    settled()
    chosen.segmentation = after = logic.addSegmentation(scan)
    settled()
    assert visible(before, after) == [False, True]


def test_views_keep_their_place_between_contrasts_and_are_fitted_elsewhere(
    panel, chosen, monkeypatch
):
    import slicer

    fitted = []
    setLayers = slicer.util.setSliceViewerLayers
    monkeypatch.setattr(
        slicer.util,
        "setSliceViewerLayers",
        lambda fit, **layers: fitted.append(fit) or setLayers(**layers),
    )
    for scan in (addScan("T2w"), addScan("T1w"), addScan("another head", 500)):
        chosen.inputVolume = scan
        settled()
    assert fitted == [True, False, True]


@pytest.fixture
def other(panel, chosen, drawn):
    """A scan that the user has loaded while another one is chosen."""
    first = drawn("first")
    chosen.inputVolume = first[0]
    settled()
    scan, *_rest = drawn("second", 500)
    load(scan)
    return scan


def test_a_scan_that_is_loaded_is_told_of_and_the_one_not_seen_cannot_be_segmented(
    panel, chosen, other
):
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    line, button = panel.sections[0].ui, panel.section(SegmentNeonateSection).ui.segmentButton
    assert line.stepLabel.text == "The views show second, but the panel is at first."
    assert line.takeOtherButton.visible and line.showChosenButton.visible
    assert not button.enabled and "second" in button.toolTip
    line.takeOtherButton.click()
    settled()
    assert chosen.inputVolume is other and chosen.segmentation.GetName() == "second segmentation"
    assert not line.takeOtherButton.visible and button.enabled


def test_the_chosen_scan_comes_back_into_the_views_on_a_click(panel, chosen, other, scene):
    panel.sections[0].ui.showChosenButton.click()
    settled()
    assert backgrounds(scene) == {"first"} and chosen.inputVolume.GetName() == "first"
    assert not panel.sections[0].ui.showChosenButton.visible


def test_the_scan_in_the_views_is_chosen_when_the_module_is_opened(standIn, scene):
    from pathlib import Path

    addScan("first")
    load(addScan("second"))
    module = Path(__file__).resolve().parents[2] / "PartialSeg" / "PartialSeg.py"
    assert standIn.openModule(module).logic.getParameterNode().inputVolume.GetName() == "second"


def test_a_sample_hides_what_was_drawn_on_the_scan_before(standIn, drawn, scene):
    """Three heads lay over one another after the tutorial."""
    from PartialSegLib.scene.oneScan import showScan

    first, second = drawn("first"), drawn("second")
    showScan(first[0], first[1])
    showScan(second[0], second[1])
    assert visible(first[1], second[1]) == [False, True] and backgrounds(scene) == {"second"}


def test_a_region_is_shown_by_its_edges(drawn):
    _scan, _segmentation, region = drawn("first")
    assert not region.GetDisplayNode().GetFillVisibility()


def test_a_result_that_comes_when_another_scan_is_chosen_does_not_take_its_place(
    panel, chosen, drawn, logic
):
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection
    from PartialSegLib.prediction.results import LoadedPrediction
    from PartialSegLib.prediction.segmentation import Segmented

    first, second = drawn("first"), drawn("second")
    chosen.inputVolume = second[0]
    result = logic.addSegmentation(first[0])
    neonate = panel.section(SegmentNeonateSection)
    loaded, scheme = LoadedPrediction(result, (), ()), logic.scheme("dhcp9")
    segmented = Segmented(loaded, None, scheme, "CPU", 1.0, {}, {}, ())
    neonate._use(segmented, first[0], "dhcp9")
    assert chosen.segmentation is second[1] and visible(result) == [False]
    assert "first is segmented" in neonate.ui.statusLabel.text
    assert not neonate.ui.resultTable.visible


# The line at the top


def test_the_line_says_the_next_thing_to_do(panel, chosen, scene, logic):
    import slicer

    from PartialSegLib.scene.scanMemory import rememberCase
    from PartialSegLib.scene.segmentStatus import holdBack

    line = panel.sections[0].ui
    assert "Drag a scan into Slicer" in line.stepLabel.text and not line.stepButton.visible
    chosen.inputVolume = scan = addScan("newborn")
    assert line.stepLabel.text == "newborn is chosen: segment it, or draw and complete it."
    chosen.segmentation = node = logic.addSegmentation(scan)
    logic.createSegments(node, logic.scheme("dhcp9"), scan)
    panel.sections[0].update()
    assert "draw a label" in line.stepLabel.text
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.ones(SHAPE, np.uint8), node, "tcv", scan)
    holdBack(node, "tcv")
    panel.sections[0].update()
    assert "labels that await review: 1." in line.stepLabel.text
    logic.setStatus(node, "tcv", "complete")
    panel.sections[0].update()
    assert "1 of 10 labels are annotated" in line.stepLabel.text
    rememberCase(scan, node, "07", "")
    panel.sections[0].update()
    assert "newborn is in the dataset as sub-07" in line.stepLabel.text
    logic.setStatus(node, "csf", "absent")
    panel.sections[0].update()
    assert "2 of 10 labels are annotated" in line.stepLabel.text


def test_its_button_unfolds_the_section_that_it_speaks_of(panel, chosen):
    from PartialSegLib.panel.labels.section import LabelsSection

    chosen.inputVolume = addScan("newborn")
    folded = panel.section(LabelsSection).foldingButton
    assert folded.collapsed
    panel.sections[0].ui.stepButton.click()
    assert not folded.collapsed


def test_what_is_of_no_use_without_a_scan_folds_when_the_scene_is_closed(panel, scene):
    from PartialSegLib.panel.export.section import ExportSection
    from PartialSegLib.panel.train.section import TrainSection

    for section in panel.sections[1:]:
        section.foldingButton.collapsed = False
    scene.Clear(False)
    assert panel.section(ExportSection).foldingButton.collapsed
    assert not panel.section(TrainSection).foldingButton.collapsed


@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.nii"])
def test_a_scan_that_is_the_first_of_several_in_its_file_is_told_of(panel, chosen, tmp_path, name):
    import nibabel
    import slicer

    for kind in (nibabel.Nifti1Image, nibabel.Nifti2Image):
        nibabel.save(kind(np.ones((5, 6, 7, 4), np.int16), np.eye(4)), tmp_path / name)
        scan = addScan("series")
        scan.AddDefaultStorageNode()
        scan.GetStorageNode().SetFileName(str(tmp_path / name))
        chosen.inputVolume = scan
        assert "holds 4 volumes" in panel.sections[0].ui.stepLabel.text
    chosen.inputVolume = addScan("single")
    assert "volumes" not in panel.sections[0].ui.stepLabel.text
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 3


@pytest.fixture
def vectors(scene):
    """A volume of colours or directions, as Slicer loads one."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "directions")
    slicer.util.updateVolumeFromArray(node, np.ones((*SHAPE, 3), np.float32))
    return node


def test_a_volume_of_vectors_is_told_of_and_never_taken_for_a_scan(
    panel, chosen, vectors, scene, dialogs
):
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    line, button = panel.sections[0].ui, panel.section(SegmentNeonateSection).ui.segmentButton
    load(vectors)
    assert chosen.inputVolume is None and not button.enabled
    assert line.stepLabel.text.startswith("directions has 3 values in each voxel")
    assert "Drag a scan into Slicer" in line.stepLabel.text
    assert not line.takeOtherButton.visible and not line.showChosenButton.visible
    chosen.inputVolume = addScan("newborn")
    settled()
    assert backgrounds(scene) == {"newborn"} and "directions" not in line.stepLabel.text
    load(vectors)
    assert "directions has 3 values" in line.stepLabel.text
    assert "The views show directions, but the panel is at newborn." in line.stepLabel.text
    assert not line.takeOtherButton.visible and line.showChosenButton.visible
    assert not button.enabled and "directions" in button.toolTip
    line.showChosenButton.click()
    settled()
    assert backgrounds(scene) == {"newborn"} and button.enabled and not dialogs.messages


# What VTK prints, which Slicer shows as errors


def test_an_overlay_is_removed_without_a_word(drawn, vtkMessages):
    from PartialSegLib.annotation.overlay import Overlay

    scan, segmentation, _region = drawn("first")
    Overlay(scan, segmentation).remove()
    assert vtkMessages() == ""


def test_a_transform_that_bends_space_is_refused_without_a_warning_of_vtk(
    drawn, scene, vtkMessages
):
    import vtk

    from partialseg_trainer.errors import UserError
    from PartialSegLib.scene.geometry import ijkToRAS

    scan, *_rest = drawn("first")
    bend = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    bend.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
    scan.SetAndObserveTransformNodeID(bend.GetID())
    with pytest.raises(UserError, match="non-linear"):
        ijkToRAS(scan)
    assert vtkMessages() == ""

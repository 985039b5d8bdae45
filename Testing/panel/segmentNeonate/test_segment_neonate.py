"""Section Segment neonate: every state of its widgets, and what comes out, also with bad data."""

import json
import os
import shutil

import numpy as np
import pytest

from engine_double import EngineDouble

SHAPE = (6, 8, 10)


@pytest.fixture
def engine(standIn, tmp_path, monkeypatch):
    """A quick engine that knows one graphics card and the CPU; see engine_double.py."""
    from partialseg_trainer import interpreter

    double = EngineDouble(tmp_path / "engine")
    monkeypatch.setattr(interpreter, "_ENGINE", double.package)
    double.finish(
        "devices",
        devices=[
            {"name": "cuda:0", "title": "GPU: NVIDIA Test", "memory_gb": 8.0},
            {"name": "cpu", "title": "CPU, 2 threads", "memory_gb": None},
        ],
        default="cuda:0",
        threads=2,
    )
    return double


@pytest.fixture
def dhcp9(standIn):
    from partialseg_trainer.labels import LabelScheme

    return LabelScheme.load("dhcp9")


@pytest.fixture
def scan(scene, dhcp9):
    """A scan whose voxels are the labels that the engine double finds in it."""
    import slicer

    values = [0, *(label.value for label in dhcp9 if label.name != "tcv")]
    image = np.random.default_rng(0).choice(values, SHAPE).astype(np.int16)
    return slicer.util.addVolumeFromArray(image, name="newborn")


@pytest.fixture
def neonate(section, engine):
    """The section, opened."""
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    return section(SegmentNeonateSection)


@pytest.fixture
def chosen(neonate, scan):
    """The section's parameter node, with the scan chosen."""
    neonate.parameterNode.inputVolume = scan
    return neonate.parameterNode


def result(scheme, **changes):
    """What the job answers."""
    return {
        "scheme": scheme.to_dict(),
        "model": "double",
        "device": "CPU, 2 threads",
        "seconds": 41.0,
        "volumes_ml": {name: 10.0 + 300 * (name == "tcv") for name in scheme.names},
        "confidence": dict.fromkeys(scheme.names, 80.0),
        "warnings": [],
        **changes,
    }


def statuses(segmentationNode):
    import slicer

    logic = slicer.vtkSlicerSegmentationsModuleLogic
    segmentation = segmentationNode.GetSegmentation()
    return {
        segmentID: logic.GetSegmentStatus(segmentation.GetSegment(segmentID))
        for segmentID in segmentation.GetSegmentIDs()
    }


# States of the widgets


def test_without_a_scan_the_button_says_what_is_missing(neonate):
    neonate.parameterNode.inputVolume = None
    assert not neonate.ui.segmentButton.enabled
    assert neonate.ui.segmentButton.toolTip == "Choose a scan first."


def test_with_a_scan_the_button_can_be_pressed_and_nothing_runs_yet(neonate, chosen):
    ui = neonate.ui
    assert ui.segmentButton.enabled
    assert "not overwritten" in ui.segmentButton.toolTip
    assert not ui.progressBar.visible and not ui.cancelButton.visible
    assert ui.inputVolumeSelector.currentNode() is chosen.inputVolume


def test_every_widget_that_can_be_used_explains_itself(neonate, chosen):
    ui = neonate.ui
    for widget in (
        *(ui.inputVolumeSelector, ui.modelComboBox, ui.deviceComboBox, ui.segmentButton),
        *(ui.newSegmentationRadioButton, ui.completeRadioButton, ui.learnCheckBox),
        *(ui.progressBar, ui.cancelButton),
    ):
        assert len(widget.toolTip) > 20, widget.objectName


def test_the_default_model_is_chosen_and_shown_with_date_scheme_and_scores(neonate, chosen):
    ui = neonate.ui
    assert chosen.model == ""
    assert "2026" in ui.modelComboBox.currentText
    assert "nine tissues" in ui.modelCardLabel.text and "Dice 0." in ui.modelCardLabel.text
    assert "Trained on" in ui.modelComboBox.toolTip
    assert "Cerebellum: 0." in ui.modelComboBox.toolTip


def test_the_users_own_models_are_listed_and_can_be_chosen(neonate, chosen):
    from partialseg_trainer.models import default_model, user_models

    own = user_models() / "mine"
    shutil.copytree(default_model(), own)
    info = json.loads((own / "model.json").read_text())
    info.update(title="Mine", date="2026-12-24", scores={})
    (own / "model.json").write_text(json.dumps(info))
    neonate.enter()
    combo = neonate.ui.modelComboBox
    titles = [combo.itemText(row) for row in range(combo.count)]
    assert len(titles) == 2 and titles[1] == "Mine (2026-12-24)"
    assert combo.currentIndex == 0
    combo.currentIndex = 1
    assert chosen.model == str(own)
    assert "No scores" in neonate.ui.modelCardLabel.text
    combo.currentIndex = 0
    assert chosen.model == ""


def test_a_model_that_a_training_has_just_left_is_listed_when_it_is_chosen(
    neonate, chosen, tmp_path
):
    from partialseg_trainer.models import default_model

    shutil.copytree(default_model(), tmp_path / "run" / "model")
    chosen.model = str(tmp_path / "run" / "model")
    assert neonate.ui.modelComboBox.currentData == chosen.model
    assert neonate.ui.segmentButton.enabled


def test_a_model_that_is_gone_or_damaged_disables_the_button_and_says_so(neonate, chosen, tmp_path):
    chosen.model = str(tmp_path / "gone")
    assert neonate.ui.modelComboBox.currentText == "gone"
    assert not neonate.ui.segmentButton.enabled
    assert "holds no model" in neonate.ui.segmentButton.toolTip
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "model.json").write_text("{}")
    chosen.subject = "anything"
    assert "no description of a model" in neonate.ui.segmentButton.toolTip
    neonate.ui.modelComboBox.currentIndex = 0
    assert neonate.ui.segmentButton.enabled


def test_a_model_of_several_contrasts_has_a_selector_for_each_and_needs_all(
    engine, neonate, chosen, dhcp9, tmp_path, waitFor
):
    import slicer

    from partialseg_trainer.models import default_model

    shutil.copytree(default_model(), tmp_path / "two")
    info = json.loads((tmp_path / "two" / "model.json").read_text())
    info.pop("contrast", None)
    (tmp_path / "two" / "model.json").write_text(json.dumps(info | {"contrasts": ["T2w", "T1w"]}))
    ui = neonate.ui
    assert not ui.furtherScansWidget.visible
    chosen.model = str(tmp_path / "two")
    assert "T2w, T1w; choose the T1w" in ui.segmentButton.toolTip
    (selector,) = ui.furtherScansWidget.findChildren("qMRMLNodeComboBox")
    selector.setCurrentNode(chosen.inputVolume)
    assert "as T1w and as the scan" in ui.segmentButton.toolTip
    other = slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name="T1")
    selector.setCurrentNode(other)
    assert ui.segmentButton.enabled
    engine.finish("segment", **result(dhcp9))
    ui.segmentButton.click()
    waitFor(lambda: chosen.segmentation is not None)
    assert "T1w" in engine.request("segment")["further"]
    chosen.model = ""
    assert not ui.furtherScansWidget.visible


def test_the_devices_are_found_in_the_background_and_the_best_is_described(
    neonate, chosen, waitFor
):
    ui = neonate.ui
    assert "Looking for" in ui.deviceDescriptionLabel.text
    waitFor(lambda: "NVIDIA" in ui.deviceDescriptionLabel.text)
    assert ui.deviceDescriptionLabel.text == "GPU: NVIDIA Test"
    assert ui.deviceComboBox.currentText == "Automatic"
    ui.deviceComboBox.currentIndex = ui.deviceComboBox.findData("cpu")
    assert chosen.device == "cpu"
    assert ui.deviceDescriptionLabel.text == "CPU, 2 threads: about 5 s for this scan"
    chosen.device = "cuda:3"
    assert "has no cuda:3" in ui.deviceDescriptionLabel.text


def test_a_search_for_devices_that_fails_opens_no_window(engine, neonate, chosen, waitFor, dialogs):
    engine.fail("devices", "PyTorch does not load; install it anew.")
    waitFor(lambda: "does not load" in neonate.ui.deviceDescriptionLabel.text)
    assert dialogs.messages == []


def test_before_pytorch_is_there_no_process_is_started_to_look_for_devices(
    section, engine, packages, scan
):
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    packages.lack("torch")
    made = section(SegmentNeonateSection)
    made.parameterNode.inputVolume = scan
    assert "once PyTorch is installed" in made.ui.deviceDescriptionLabel.text
    assert not engine.started("devices")
    assert made.ui.segmentButton.enabled


def test_before_any_package_is_there_the_default_model_is_shown(
    section, engine, packages, scan, monkeypatch
):
    import sys

    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    packages.lack("torch", "pydantic", "platformdirs", "nibabel")
    for name in ("pydantic", "platformdirs", "nibabel", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("partialseg_trainer.models")]:
        monkeypatch.delitem(sys.modules, name)
    made = section(SegmentNeonateSection)
    made.parameterNode.inputVolume = scan
    assert made.ui.modelComboBox.count == 1
    assert "Dice" in made.ui.modelCardLabel.text
    assert made.ui.segmentButton.enabled


# Packages


def test_a_refusal_and_a_failed_installation_leave_the_section_usable(
    neonate, chosen, packages, dialogs, engine
):
    packages.lack("torch")
    packages.outcome = "fail"
    dialogs.answer("Cancel", "Ok")
    neonate.ui.segmentButton.click()
    assert "Nothing was installed" in neonate.ui.statusLabel.text
    neonate.ui.segmentButton.click()
    assert "did not succeed" in neonate.ui.statusLabel.text
    assert len(dialogs.messages) == 2 and not dialogs.errors
    assert neonate.ui.segmentButton.enabled and not neonate.busy
    assert not engine.started("segment")


def test_once_packages_are_installed_the_scan_is_segmented_without_another_click(
    neonate, chosen, packages, dialogs, engine, dhcp9, waitFor
):
    packages.lack("torch")
    dialogs.answer("Ok")
    engine.finish("segment", **result(dhcp9))
    neonate.ui.segmentButton.click()
    waitFor(lambda: chosen.segmentation is not None)


# At work


def test_progress_shows_stage_and_time_left_and_the_button_waits(neonate, chosen, engine, waitFor):
    engine.reports("segment", stage="Segmenting", fraction=0.25, eta_seconds=42.4)
    ui = neonate.ui
    ui.segmentButton.click()
    assert ui.progressLabel.text == "Starting"
    assert (ui.progressBar.minimum, ui.progressBar.maximum) == (0, 0)
    waitFor(lambda: ui.progressLabel.text == "Segmenting, 42 s left")
    assert (ui.progressBar.value, ui.progressBar.maximum) == (25, 100)
    assert ui.progressBar.visible and ui.cancelButton.visible
    assert not ui.segmentButton.enabled
    assert "press Cancel" in ui.segmentButton.toolTip


def test_no_time_is_told_where_none_is_left(standIn):
    """Estimates end before the work does: "0 s left" stood there for seconds."""
    from PartialSegLib.engine.durations import timeLeft

    told = [timeLeft(seconds) for seconds in (0, 1.4, 1.6, 100)]
    assert told == ["almost done", "almost done", "2 s left", "2 min left"]


def test_cancelling_ends_the_process_and_changes_nothing(neonate, chosen, engine, waitFor, scene):
    nodes = scene.GetNumberOfNodes()
    neonate.ui.segmentButton.click()
    waitFor(lambda: engine.started("segment"))
    process = neonate._jobTimer._work._process
    neonate.ui.cancelButton.click()
    assert process.poll() is not None
    assert neonate.ui.statusLabel.text == "Cancelled; nothing has changed."
    assert neonate.ui.segmentButton.enabled and not neonate.ui.progressBar.visible
    assert scene.GetNumberOfNodes() == nodes
    assert chosen.segmentation is None


def test_cancelling_while_the_result_arrives_takes_it_back(
    neonate, chosen, engine, dhcp9, waitFor, scene
):
    def made():
        kinds = ("vtkMRMLSegmentationNode", "vtkMRMLVolumeNode")
        return sum(map(scene.GetNumberOfNodesByClass, kinds))

    nodes = made()
    engine.finish("segment", **result(dhcp9))
    neonate.ui.segmentButton.click()
    waitFor(lambda: made() == nodes + 2)
    neonate.ui.cancelButton.click()
    assert made() == nodes and chosen.segmentation is None
    assert neonate.ui.statusLabel.text == "Cancelled; nothing has changed."


def test_closing_the_scene_ends_the_process_quietly(panel, engine, waitFor, dialogs, scan, scene):
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    neonate = panel.section(SegmentNeonateSection)
    neonate.parameterNode.inputVolume = scan
    neonate.ui.segmentButton.click()
    waitFor(lambda: engine.started("segment"))
    process = neonate._jobTimer._work._process
    scene.Clear(0)
    assert process.poll() is not None
    assert not neonate.busy and not neonate.ui.progressBar.visible
    assert neonate.parameterNode is not None
    assert neonate.ui.segmentButton.toolTip == "Choose a scan first."
    assert neonate.ui.statusLabel.text == ""
    assert dialogs.messages == []


def test_an_engine_that_fails_is_told_once_and_the_details_are_kept(
    neonate, chosen, engine, dialogs, waitFor, monkeypatch
):
    import slicer

    show, atWork = slicer.util.errorDisplay, []

    def errorDisplay(*arguments, **options):
        atWork.append(neonate.ui.progressBar.visible)
        show(*arguments, **options)

    monkeypatch.setattr(slicer.util, "errorDisplay", errorDisplay)
    engine.fail("segment", "The scan has no contrast; load it again.", log="Traceback ...")
    neonate.ui.segmentButton.click()
    waitFor(lambda: dialogs.errors)
    (message,) = dialogs.messages
    assert message.text == "The scan has no contrast; load it again."
    assert message.details == "Traceback ..."
    assert "no contrast" in neonate.ui.statusLabel.text
    assert neonate.ui.segmentButton.enabled
    assert atWork == [False], "a bar that goes on moving behind the message"


@pytest.mark.parametrize(
    ("kind", "words"),
    [("empty", "no voxels"), ("vector", "values in a voxel"), ("bent", "non-linear transform")],
)
def test_what_is_no_scan_is_refused_before_a_process_starts(
    neonate, chosen, engine, dialogs, scene, scan, kind, words
):
    import slicer

    if kind == "empty":
        chosen.inputVolume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    elif kind == "vector":
        chosen.inputVolume = slicer.util.addVolumeFromArray(
            np.zeros((*SHAPE, 3)), nodeClassName="vtkMRMLVectorVolumeNode"
        )
    else:
        import vtk

        bend = scene.AddNewNodeByClass("vtkMRMLTransformNode")
        bend.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
        scan.SetAndObserveTransformNodeID(bend.GetID())
    neonate.ui.segmentButton.click()
    assert [words in message.text for message in dialogs.errors] == [True]
    assert not engine.started("segment") and not neonate.busy
    assert neonate.ui.segmentButton.enabled


@pytest.mark.parametrize("change", ["removed", "moved", "cropped"])
def test_a_scan_that_changes_meanwhile_gets_no_segments_and_the_user_is_told(
    neonate, chosen, engine, dialogs, scene, scan, dhcp9, waitFor, change
):
    import slicer

    neonate.ui.segmentButton.click()
    waitFor(lambda: engine.started("segment"))
    if change == "removed":
        scene.RemoveNode(scan)
    elif change == "moved":
        scan.SetOrigin(1, 2, 3)
    else:
        slicer.util.updateVolumeFromArray(scan, np.zeros((2, 3, 4), np.int16))
    engine.finish("segment", **result(dhcp9))
    waitFor(lambda: dialogs.errors)
    words = {"removed": "was removed", "moved": "was moved", "cropped": "shape"}[change]
    assert words in dialogs.errors[0].text
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert not neonate.busy


# What comes out


def test_a_new_segmentation_has_every_label_flagged_and_all_sections_are_told(
    neonate, chosen, engine, scan, dhcp9, waitFor
):
    import slicer

    from PartialSegLib.scene.masks import segmentMask

    chosen.scheme = "fetal8"
    engine.finish("segment", **result(dhcp9))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    node = chosen.segmentation
    assert node.GetName() == "newborn segmentation"
    assert chosen.scheme == "dhcp9"
    flagged = slicer.vtkSlicerSegmentationsModuleLogic.Flagged
    assert statuses(node) == dict.fromkeys(dhcp9.names, flagged)
    labelmap = slicer.util.arrayFromVolume(scan)
    assert np.array_equal(segmentMask(node, "tcv", scan), dhcp9.mask(labelmap, "tcv"))
    assert np.all(slicer.util.arrayFromVolume(chosen.confidence) == 80)
    ui = neonate.ui
    assert "Done in 41 s (CPU, 2 threads)" in ui.statusLabel.text
    assert "flagged for review" in ui.statusLabel.text
    table = ui.resultTable
    rows = [[table.item(row, column).text() for column in range(3)] for row in range(10)]
    assert ["Total cerebrum", "310", "80 %"] in rows
    assert ["    Deep grey matter", "10", "80 %"] in rows
    assert ui.segmentButton.enabled and not ui.cancelButton.visible


def test_every_scan_is_seen_with_its_own_result(neonate, chosen, scan, engine, dhcp9, waitFor):
    import slicer

    ui, other = neonate.ui, slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name="other")
    engine.finish("segment", **result(dhcp9, warnings=["The cerebellum is small."]))
    ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    for seen, node in ((False, other), (True, scan)):
        chosen.inputVolume = node
        assert ui.resultTable.visible is seen and ui.surfacesButton.visible is seen
        assert ("Done in 41 s" in ui.statusLabel.text) is seen
        assert ("The cerebellum is small." in ui.resultLabel.text) is seen


def test_the_name_of_a_scan_stays_in_the_scene(
    neonate, chosen, scan, engine, dhcp9, waitFor, caplog, tmp_path
):
    """A scan from DICOM may be named after the patient."""
    scan.SetName("Doe^Jane")
    engine.finish("segment", **result(dhcp9))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert "segment.request.json" in {file.name for file in files}
    assert not [file for file in files if "Doe" in file.name or b"Doe" in file.read_bytes()]
    assert "Doe" not in caplog.text


def test_pressing_again_makes_another_segmentation_and_leaves_the_first(
    neonate, chosen, engine, dhcp9, waitFor
):
    engine.finish("segment", **result(dhcp9))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    first, confidence = chosen.segmentation, chosen.confidence
    first.GetSegmentation().RemoveSegment("csf")
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert chosen.segmentation is not first and chosen.confidence is not confidence
    assert first.GetSegmentation().GetSegment("csf") is None


@pytest.fixture
def drawn(chosen, scan, dhcp9, logic):
    """An annotation of the scan: the brainstem complete, some white matter and csf in progress."""
    import slicer

    from partialseg_trainer.labels import Status
    from PartialSegLib.scene.segmentStatus import setSegmentStatus

    node = logic.addSegmentation(scan)
    logic.createSegments(node, dhcp9, scan)
    image = slicer.util.arrayFromVolume(scan)
    slices = np.arange(SHAPE[0])[:, None, None] == 3
    for name, region in (("brainstem", True), ("wm", slices), ("csf", slices)):
        mask = ((image == dhcp9[name].value) & region).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, name, scan)
        complete = name == "brainstem"
        setSegmentStatus(node, name, Status.COMPLETE if complete else Status.IN_PROGRESS)
    chosen.segmentation = node
    return node


def test_to_complete_it_is_the_default_as_soon_as_something_is_drawn(neonate, chosen, drawn):
    ui = neonate.ui
    assert chosen.fillExisting and ui.completeRadioButton.checked
    assert ui.filledLabel.text == f"In {drawn.GetName()}"
    assert ui.learnCheckBox.visible and ui.learnCheckBox.enabled and ui.learnCheckBox.checked
    ui.newSegmentationRadioButton.click()
    assert not chosen.fillExisting and not ui.learnCheckBox.visible
    neonate.update()
    assert not chosen.fillExisting, "a choice stays"


def test_too_little_to_learn_from_switches_it_off_and_says_why(neonate, chosen, drawn, logic):
    from partialseg_trainer.labels import Status

    for name in ("wm", "csf"):
        logic.setStatus(drawn, name, Status.NOT_ANNOTATED)
    neonate.update()
    ui = neonate.ui
    assert not ui.learnCheckBox.enabled and not ui.learnCheckBox.checked
    assert "Only 'Brainstem' is drawn" in ui.learnCheckBox.toolTip
    assert ui.completeRadioButton.enabled and chosen.learnFirst


def test_completing_keeps_what_was_drawn_and_says_what_to_draw_next(
    neonate, chosen, engine, drawn, scan, dhcp9, waitFor
):
    import slicer

    from PartialSegLib.scene.masks import segmentMask

    names = ("brainstem", "wm", "csf")
    before = {name: segmentMask(drawn, name, scan) for name in names}
    states = statuses(drawn)
    proposal = {"kind": "coronal", "index": 3, "mm": 22.6, "doubt": 0.4}
    engine.finish("complete", **result(dhcp9, reason="Too little.", draw_next=proposal))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert chosen.segmentation is drawn
    for name in names:
        assert np.array_equal(segmentMask(drawn, name, scan), before[name])
        assert statuses(drawn)[name] == states[name]
    image = slicer.util.arrayFromVolume(scan)
    for segment, name in (("wm_completed", "wm"), ("cgm", "cgm")):
        assert np.array_equal(segmentMask(drawn, segment, scan), image == dhcp9[name].value)
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        assert statuses(drawn)[segment] == logic.Flagged
    text = neonate.ui.resultLabel.text
    for words in ("As you drew it", "Draw next: coronal, 23 mm", "not learned: Too little."):
        assert words in text


def test_another_scan_brings_its_own_segmentation_or_none(neonate, chosen, scan, logic):
    import slicer

    other = slicer.util.addVolumeFromArray(np.ones(SHAPE, np.int16), name="the next")
    first, unknown = logic.addSegmentation(scan), logic.addSegmentation(other)
    first.SetReferenceImageGeometryParameterFromVolumeNode(scan)
    chosen.segmentation, chosen.fillExisting = first, True
    chosen.inputVolume = other
    assert chosen.segmentation is None and not chosen.fillExisting
    chosen.inputVolume = scan
    assert chosen.segmentation is first
    # Who wants to annotate it on another contrast chooses it again.
    chosen.inputVolume = other
    chosen.segmentation = first
    assert chosen.inputVolume is other
    chosen.segmentation = unknown
    chosen.inputVolume = scan
    assert chosen.segmentation is unknown


def test_a_model_that_went_since_it_was_chosen_is_told_before_a_process_starts(
    neonate, chosen, engine, dialogs, tmp_path
):
    from PartialSegLib.engine.models import defaultModel

    model = tmp_path / "mine"
    shutil.copytree(defaultModel(), model)
    chosen.model = str(model)
    assert neonate.ui.segmentButton.enabled
    shutil.rmtree(model)
    neonate.ui.segmentButton.click()
    assert not neonate.busy and not dialogs.messages
    assert "choose another model" in neonate.ui.statusLabel.text
    assert not neonate.ui.segmentButton.enabled


def test_without_a_segmentation_nothing_can_be_completed_and_the_reason_is_told(neonate, chosen):
    ui = neonate.ui
    assert not ui.completeRadioButton.enabled
    assert "no segmentation to complete" in ui.completeRadioButton.toolTip
    chosen.fillExisting = True
    assert not ui.segmentButton.enabled
    assert "no segmentation to complete" in ui.segmentButton.toolTip


def test_a_segmentation_of_another_scheme_cannot_be_completed_and_the_reason_is_told(
    neonate, chosen, scene, scan
):
    from partialseg_trainer.labels import LabelScheme
    from PartialSegLib.scene.segments import createSegments

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "fetal")
    node.SetReferenceImageGeometryParameterFromVolumeNode(scan)
    createSegments(node, LabelScheme.load("fetal8"))
    chosen.segmentation = node
    ui = neonate.ui
    assert not ui.completeRadioButton.enabled
    assert "another label scheme" in ui.completeRadioButton.toolTip
    assert ui.segmentButton.enabled


def test_a_segmentation_that_is_removed_meanwhile_is_not_completed(
    neonate, chosen, engine, dialogs, scene, drawn, dhcp9, waitFor
):
    neonate.ui.segmentButton.click()
    waitFor(lambda: engine.started("complete"))
    scene.RemoveNode(drawn)
    engine.finish("complete", **result(dhcp9))
    waitFor(lambda: dialogs.errors)
    assert "The segmentation was removed" in dialogs.errors[0].text


def test_what_the_engine_doubts_stands_under_the_result(neonate, chosen, engine, dhcp9, waitFor):
    engine.finish("segment", **result(dhcp9, warnings=["The total cerebrum has 12 mL."]))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert "Please check: The total cerebrum has 12 mL." in neonate.ui.resultLabel.text


def test_a_model_with_labels_of_its_own_brings_its_scheme_along(
    neonate, chosen, engine, logic, tmp_path, waitFor
):
    from partialseg_trainer.labels import LabelScheme
    from partialseg_trainer.models import default_model

    content = {"name": "whole", "labels": [{"name": "brain", "title": "Brain", "value": 1}]}
    folder = tmp_path / "mine"
    shutil.copytree(default_model(), folder)
    info = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**info, "scheme": content}))
    scheme = LabelScheme.from_dict(content)
    import slicer

    slicer.util.arrayFromVolume(chosen.inputVolume)[...] = 1
    chosen.model = str(folder)
    engine.finish("segment", **result(scheme))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert logic.scheme(chosen.scheme) == scheme


def test_the_time_that_a_scan_takes_is_told_by_those_before(
    neonate, chosen, engine, dhcp9, waitFor
):
    import slicer

    waitFor(lambda: "NVIDIA" in neonate.ui.deviceDescriptionLabel.text)
    assert neonate.ui.deviceDescriptionLabel.text == "GPU: NVIDIA Test"
    chosen.inputVolume = slicer.util.addVolumeFromArray(np.zeros((100, 100, 200), np.uint8))
    engine.finish("segment", **result(dhcp9, device="GPU: NVIDIA Test", seconds=15.0))
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert neonate.ui.deviceDescriptionLabel.text == "GPU: NVIDIA Test: about 15 s for this scan"


def test_what_was_found_is_shown_in_3d_on_a_click(neonate, chosen, engine, dhcp9, waitFor):
    import slicer

    engine.finish("segment", **result(dhcp9))
    assert not neonate.ui.surfacesButton.visible
    neonate.ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    layout = slicer.app.layoutManager()
    layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    segmentation, button = chosen.segmentation.GetSegmentation(), neonate.ui.surfacesButton
    button.click()
    told = set()
    waitFor(lambda: told.add(button.text) or len(told) == 3)
    steps = {f"Cancel (surface {number} of 10)" for number in range(1, 11)}
    assert "Cancel" in told and told - {"Cancel"} <= steps
    button.click()
    assert button.text == "Show in 3D" and not segmentation.ContainsRepresentation("Closed surface")
    button.click()
    waitFor(lambda: button.text == "Show in 3D")
    assert layout.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    display = chosen.segmentation.GetDisplayNode()
    assert display.GetPreferredDisplayRepresentationName3D() == "Closed surface"
    assert segmentation.GetSegment("wm").GetRepresentation("Closed surface").GetNumberOfPoints()
    assert display.GetSegmentVisibility3D("wm") and not display.GetSegmentVisibility3D("tcv")


def test_volumes_are_drawn_beside_published_ones_only_where_somebody_brings_a_table(
    neonate, chosen, engine, dhcp9, waitFor, tmp_path
):
    ui = neonate.ui
    assert not ui.growthGroupBox.visible
    engine.finish("segment", **result(dhcp9))
    ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert ui.growthGroupBox.visible and ui.growthGroupBox.collapsed
    assert "38+4" in ui.growthButton.toolTip
    ui.ageLineEdit.text = "270"
    assert "divided by 7" in ui.growthButton.toolTip
    ui.ageLineEdit.text = "38+4"
    assert "None of children comes along" in ui.growthButton.toolTip
    (tmp_path / "norms.csv").write_text("")
    ui.normsPathLineEdit.currentPath = str(tmp_path / "norms.csv")
    engine.fail("growth", "norms.csv does not say its population.")
    ui.growthButton.click()
    waitFor(lambda: ui.growthButton.enabled)
    assert "population" in ui.growthLabel.text
    engine.succeed("growth", chart="chart.png")
    ui.growthButton.click()
    waitFor(lambda: ui.growthButton.enabled)
    assert neonate._growth._window.isVisible() and not ui.growthLabel.text
    asked = engine.request("growth")
    assert asked["weeks"] == pytest.approx(38.571, abs=1e-3)
    assert asked["volumes"]["wm"] == pytest.approx(
        neonate.logic.labelVolumes(chosen.segmentation, dhcp9)["wm"]
    )
    # It is known of the scan from now on.
    ui.segmentButton.click()
    waitFor(lambda: not neonate.busy)
    assert ui.ageLineEdit.text == "38.57"
    neonate._growth._window.close()


# The real engine


def test_a_newborn_is_segmented_by_the_default_model_and_again_into_what_is_not_complete(
    panel, logic, scene, waitFor, screenshot, monkeypatch
):
    import slicer

    from partialseg_trainer.labels import Status
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection
    from PartialSegLib.scene.segmentStatus import setSegmentStatus
    from PartialSegLib.scene.volumes import addVolumeNode

    neonate = panel.section(SegmentNeonateSection)
    waitFor(lambda: neonate.ui.deviceComboBox.count > 1)
    scan = addVolumeNode(_newborn(), "newborn")
    neonate.parameterNode.inputVolume = scan
    seen = set()
    neonate.ui.segmentButton.click()

    def over():
        seen.add(neonate.ui.progressLabel.text.partition(",")[0])
        return not neonate.busy

    waitFor(over)
    screenshot(neonate, "segment-neonate")
    assert {"Loading the model", "Segmenting"} <= seen
    chosen = neonate.parameterNode
    assert statuses(chosen.segmentation)["tcv"] == 3
    confidence = slicer.util.arrayFromVolume(chosen.confidence)
    assert confidence.shape == slicer.util.arrayFromVolume(scan).shape
    assert 50 < confidence.mean() <= 100

    setSegmentStatus(chosen.segmentation, "tcv", Status.COMPLETE)
    segmented = logic.segment(scan, device="cpu", segmentationNode=chosen.segmentation)
    assert segmented.loaded.kept == ("tcv",)
    assert segmented.confidenceNode is chosen.confidence
    assert segmented.volumes["tcv"] > 5
    assert "CPU" in segmented.device


def _newborn():
    """A phantom's head; a slab of it, which takes a second, unless pictures are wanted."""
    from partialseg_trainer.synthesis import make_phantom
    from partialseg_trainer.volumes import Volume

    image = make_phantom(3, shape=(56, 64, 56), spacing=2.5).image
    if "PARTIALSEG_SCREENSHOTS" in os.environ:
        return image
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [0, 0, 24]
    return Volume(image.data[:, :, 24:36], affine)

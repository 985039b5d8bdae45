"""What Slicer shows about the module, and what loading its file costs every start of Slicer."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def test_the_module_says_what_it_is_and_whose_method_it_uses(moduleWidget):
    import slicer

    module = slicer.util.getModule("PartialSeg")
    assert module.title == "PartialSeg"
    assert list(module.categories) == ["Segmentation"]
    assert "Kucheruk" in module.acknowledgementText
    assert "Segment Editor" in module.helpText


def test_loading_the_file_imports_nothing_that_takes_time():
    """Slicer runs the file at every start, whether the module is used or not."""
    code = """
import sys, types
for name in ("slicer", "slicer.util", "slicer.i18n", "slicer.ScriptedLoadableModule"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["slicer.i18n"].tr = sys.modules["slicer.i18n"].translate = str
scripted = sys.modules["slicer.ScriptedLoadableModule"]
for part in ("", "Widget", "Logic", "Test"):
    setattr(scripted, f"ScriptedLoadableModule{part}", type("Base", (), {}))
import PartialSeg
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "PartialSeg")}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "PartialSeg" in loaded
    assert not loaded & {"numpy", "torch", "nibabel", "PartialSegLib", "partialseg_trainer", "qt"}


def test_every_function_for_scripts_tells_what_it_does(logic):
    functions = [name for name in vars(type(logic)) if not name.startswith("_")]
    assert {"segment", "exportCase", "loadCase", "accept", "startTraining"} <= set(functions)
    assert [name for name in functions if not inspect.getdoc(getattr(logic, name))] == []


def test_after_reload_the_open_panel_is_at_work(moduleWidget, waitFor):
    """Slicer makes a new widget then, but enters it no second time."""
    import slicer

    moduleWidget.onReload()
    panel = slicer.modules.PartialSegWidget.panel
    assert panel is not moduleWidget.panel
    from PartialSegLib.panel.labels.section import LabelsSection

    tree = panel.section(LabelsSection).ui.labelTree
    waitFor(lambda: tree.topLevelItemCount > 0, seconds=5)


def test_choices_are_followed_once_however_often_the_module_is_entered(panel, standIn):
    """Slicer's wrappers of parameter nodes live on in their observers."""
    followed = [section.parameterNode for section in panel.sections]
    standIn.leaveModule("PartialSeg")
    standIn.enterModule("PartialSeg")
    assert [section.parameterNode for section in panel.sections] == followed


def test_the_choices_of_a_loaded_scene_are_shown(panel, scene, tmp_path):
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T2w")
    chosen.subject = "07"
    file = str(tmp_path / "scene.mrml")
    scene.SetURL(file)
    assert scene.Commit()
    scene.Clear()
    assert panel.sections[0].parameterNode.subject == ""
    assert scene.Connect()
    for section in panel.sections:
        assert section.parameterNode.subject == "07"
        assert section.parameterNode.inputVolume.GetName() == "T2w"


def test_a_saved_annotation_is_found_again_with_its_statuses(panel, scene, logic, tmp_path):
    """The scene is reopened without the file of the confidence, as if that had not been saved."""
    import slicer

    from PartialSegLib.panel.export.section import ExportSection
    from PartialSegLib.panel.labels.section import LabelsSection
    from PartialSegLib.prediction.confidence import keepConfidence

    scheme = logic.scheme("dhcp9")
    scan = slicer.util.addVolumeFromArray(np.ones((6, 7, 8), np.int16), name="T2w")
    annotation = logic.addSegmentation(scan)
    segmentIDs = logic.createSegments(annotation, scheme, scan)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.ones((6, 7, 8), np.uint8), annotation, segmentIDs["tcv"], scan
    )
    logic.setStatus(annotation, segmentIDs["tcv"], "complete")
    keepConfidence(annotation, scan, np.ones((6, 7, 8), np.uint8))
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume, chosen.segmentation = scan, annotation
    before = [(row.name, row.status) for row in logic.labelTable(annotation, scheme)]
    panel.section(LabelsSection).ui.statusLabel.text = "Total cerebrum: complete"
    panel.section(ExportSection).ui.statusLabel.text = "sub-01 is in the dataset."
    assert slicer.util.saveNode(scan, str(tmp_path / "scan.nrrd"))
    assert slicer.util.saveNode(annotation, str(tmp_path / "annotation.seg.nrrd"))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    del scan, annotation, chosen
    scene.Clear(False)
    for section in (LabelsSection, ExportSection):
        assert panel.section(section).ui.statusLabel.text == ""
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    chosen = panel.sections[0].parameterNode
    assert chosen.inputVolume.GetName() == "T2w"
    after = [(row.name, row.status) for row in logic.labelTable(chosen.segmentation, scheme)]
    assert after == before
    assert not panel.sections[-1].ui.nextButton.enabled
    assert "no confidence map" in panel.sections[-1].ui.nextButton.toolTip


def test_the_first_scan_of_a_scene_is_chosen_and_no_labelmap(standIn, scene):
    import slicer

    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    scan = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    widget = standIn.openModule(ROOT / "PartialSeg" / "PartialSeg.py")
    assert widget.logic.getParameterNode().inputVolume is scan
    assert slicer.modules.PartialSegWidget is widget


def test_a_scan_that_arrives_is_chosen_where_none_was_and_only_there(
    panel, standIn, logic, scene, waitFor
):
    import slicer
    from slicer_stand_in.session import settle

    chosen = panel.sections[0].parameterNode
    assert chosen.inputVolume is None
    hidden = slicer.vtkMRMLScalarVolumeNode()
    hidden.SetHideFromEditors(True)
    scene.AddNode(hidden)
    settle()
    assert chosen.inputVolume is None
    first = slicer.util.addVolumeFromArray(np.ones((6, 7, 8), np.int16), name="first")
    waitFor(lambda: chosen.inputVolume is first, seconds=5)
    slicer.util.addVolumeFromArray(np.ones((6, 7, 8), np.int16), name="second")
    settle()
    assert chosen.inputVolume is first
    chosen.inputVolume = None
    standIn.leaveModule("PartialSeg")
    slicer.util.addVolumeFromArray(np.ones((6, 7, 8), np.int16), name="third")
    settle()
    assert chosen.inputVolume is None


def test_samples_are_registered_at_start_up_and_by_a_module_that_is_loaded_later(standIn):
    import slicer
    from SampleData import SampleDataLogic
    from slicer_stand_in.module_object import qSlicerScriptedLoadableModule
    from slicer_stand_in.wrapping import wrap

    from PartialSeg import PartialSeg

    def load():
        PartialSeg(wrap(qSlicerScriptedLoadableModule("PartialSeg", "PartialSeg.py")))

    def registered():
        return len(SampleDataLogic.sampleDataSourcesByCategory("PartialSeg"))

    standIn.window.hide()
    load()
    assert not registered()
    slicer.app.startupCompleted.emit()
    count = registered()
    assert count
    slicer.modules.sampleDataSources.clear()
    standIn.window.show()
    load()
    assert registered() == count


def test_the_panel_can_be_made_narrow_again_whatever_it_shows(panel, standIn, scene):
    """Slicer does not scroll a panel to the side: it is as wide as its widest section needs."""
    from PartialSegLib.panel.labels.section import LabelsSection
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    for section in panel.sections:
        for name, widget in vars(section.ui).items():
            if name.lower().endswith("collapsiblebutton"):
                widget.collapsed = False
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    chosen.segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "sub " * 30)
    standIn.window.resize(1200, 900)
    panel.section(LabelsSection).enter()
    panel.section(SegmentNeonateSection).ui.resultLabel.text = "\n".join(["word " * 20] * 6)
    panel.section(SegmentNeonateSection).ui.resultLabel.visible = True
    widths = {
        type(section).__name__: section.widget.minimumSizeHint.width() for section in panel.sections
    }
    assert max(widths.values()) <= 440, widths


def test_nothing_of_a_closed_scene_stays_in_memory(panel, scene):
    """A segmentation and a confidence map of every scan of a day would be too much."""
    import gc

    import slicer

    from PartialSegLib.prediction.confidence import keepConfidence
    from PartialSegLib.scene.segmentationNodes import addSegmentationNode

    voxels = np.ones((6, 7, 8), np.uint8)
    gone = set()
    chosen = panel.sections[0].parameterNode
    chosen.inputVolume = slicer.util.addVolumeFromArray(voxels)
    segmentation = addSegmentationNode(chosen.inputVolume)
    chosen.confidence = keepConfidence(segmentation, chosen.inputVolume, voxels)
    chosen.segmentation = segmentation
    # A node that dies while it is told of may tell it twice.
    for name, node in (
        ("scan", chosen.inputVolume),
        ("segmentation", chosen.segmentation),
        ("confidence", chosen.confidence),
    ):
        node.AddObserver("DeleteEvent", lambda caller, event, name=name: gone.add(name))
    del chosen, segmentation, node
    scene.Clear(False)
    gc.collect()
    assert gone == {"scan", "segmentation", "confidence"}

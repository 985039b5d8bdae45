"""The story of the module, told by pressing it: what Reload and Test runs in the real application.

From phantoms to segments: annotate in part, check, export, train for a moment, segment, review.
Nothing is downloaded, and everything is written into a temporary folder.
"""

from __future__ import annotations

import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.labels import LabelScheme, Status

from .engine.jobs import Job
from .samples.annotation import addAnnotation
from .scene.labelSegments import LabelSegments

# Voxels (K, J, I) of the phantoms: 3 mm, so that all of it takes seconds on any computer.
_SHAPE = (32, 38, 32)
_SUPER_LABEL = "tcv"

# Small enough for a minute: this training shows that everything joins, not that it learns.
_TRAINING = {
    "name": "self-test",
    "loss": "marginal_ce",
    "device": "cpu",
    "epochs": 2,
    "batch_size": 8,
    "slices_per_epoch": 16,
    "patch": (32, 32),
    "network": {"name": "unet", "width": 4, "depth": 3},
    "preprocessing": {"spacing": 3.0, "axis": "axial"},
    "validation_fraction": 0.34,
    "test_fraction": 0.0,
}
_TRAINING_SECONDS = 150


def annotationStory(test: unittest.TestCase, logic, say: Callable[[str], object]) -> None:
    """Annotate in part, with no package but numpy: what is drawn, and what follows from it."""
    scheme = LabelScheme.load("dhcp9")
    say("A scan of which the total cerebrum is drawn, and of its parts the deep grey matter alone")
    drawn = {name: np.zeros((12, 14, 16), dtype=np.uint8) for name in ("tcv", "dgm")}
    drawn["tcv"][2:10, 2:12, 2:14] = 1
    drawn["dgm"][4:8, 5:9, 6:10] = 1
    volumeNode = slicer.util.addVolumeFromArray(drawn["tcv"].astype(np.float32))
    segmentationNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentIDs = logic.createSegments(segmentationNode, scheme, volumeNode)
    for name, mask in drawn.items():
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask, segmentationNode, segmentIDs[name], volumeNode
        )
        logic.setStatus(segmentationNode, segmentIDs[name], Status.COMPLETE)
    test.assertEqual(logic.contradictions(segmentationNode, volumeNode, scheme), [])

    say("Cortex and white matter stay open inside the cerebrum, and are known not to be elsewhere")
    preview = logic.preview(segmentationNode, volumeNode, scheme)
    cerebrum, deepGrey = drawn["tcv"] > 0, drawn["dgm"] > 0
    undecided = np.where(cerebrum & ~deepGrey, 2, 0)
    for name, expected in (
        ("tcv", cerebrum),
        ("dgm", deepGrey),
        ("cgm", undecided),
        ("wm", undecided),
        ("csf", np.where(cerebrum, 0, 2)),
    ):
        values = np.take(preview.codebook[:, scheme.index(name)], preview.codes)
        np.testing.assert_array_equal(values, expected, err_msg=name)

    say("Deep grey matter outside the cerebrum is a contradiction, with a place to look at")
    drawn["dgm"][0, 0, 0] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        drawn["dgm"], segmentationNode, segmentIDs["dgm"], volumeNode
    )
    found = logic.contradictions(segmentationNode, volumeNode, scheme)
    test.assertEqual([(set(entry.labels), entry.voxels) for entry in found], [({"tcv", "dgm"}, 1)])


def trainingStory(test: unittest.TestCase, logic, say: Callable[[str], object]) -> None:
    """From annotated phantoms to a model, in processes of their own, and its segments of a scan.

    Raises unittest.SkipTest when packages are missing.
    """
    _requirePackages(logic)
    scheme = LabelScheme.load("dhcp9")
    with tempfile.TemporaryDirectory(prefix="PartialSegTest-", ignore_cleanup_errors=True) as temp:
        dataset = Path(temp) / "dataset"
        for number in range(3):
            known = [_SUPER_LABEL] if number == 2 else scheme.names
            say(f"Phantom {number + 1} of 3 is annotated ({len(known)} labels) and exported")
            volumeNode, labelmap = _addPhantom(number)
            segmentationNode = addAnnotation(volumeNode, labelmap, scheme, known)
            logic.exportCase(segmentationNode, volumeNode, scheme, dataset, f"{number}")
        fullyKnown = [case.fullyKnown for case in logic.cases(dataset).cases]
        test.assertEqual(fullyKnown, [True, True, False])

        say("A training of two short epochs in the background")
        run = logic.startTraining(dataset, run=Path(temp) / "run", **_TRAINING)
        try:
            status = _waitUntilOver(logic, run)
            test.assertEqual(status.state.value, "finished", status.message)
        finally:
            if logic.runStatus(run).active:
                logic.stopTraining(run, now=True)

        say("Its model segments an unseen phantom")
        volumeNode, _ = _addPhantom(9)
        segmented = logic.segment(volumeNode, str(run.model), "cpu")
        test.assertEqual(segmented.scheme.names, scheme.names)


def segmentationStory(test: unittest.TestCase, logic, say: Callable[[str], object]) -> None:
    """A scan that the default model segments, reviewed and accepted.

    Raises unittest.SkipTest when packages are missing.
    """
    _requirePackages(logic)
    say("The default model segments a phantom")
    volumeNode, labelmap = _addPhantom(9)
    segmented = logic.segment(volumeNode)
    scheme, predicted = segmented.scheme, segmented.loaded.segmentationNode
    segmentID = LabelSegments(predicted, scheme).ids[_SUPER_LABEL]
    found = slicer.util.arrayFromSegmentBinaryLabelmap(predicted, segmentID, volumeNode) > 0
    truth = scheme.mask(labelmap, _SUPER_LABEL)
    dice = 2 * np.count_nonzero(found & truth) / (found.sum() + truth.sum())
    test.assertGreater(dice, 0.8, "the default model finds the cerebrum")

    say("The slices that it was least sure of are shown first, and the cerebrum is accepted")
    uncertainties = [entry.uncertainty for entry in logic.reviewSlices(predicted, scheme)]
    test.assertTrue(uncertainties)
    test.assertEqual(uncertainties, sorted(uncertainties, reverse=True))
    logic.accept(predicted, scheme, [_SUPER_LABEL])
    test.assertEqual(_status(logic, predicted, scheme), Status.COMPLETE)


def panelStory(test: unittest.TestCase, say: Callable[[str], object]) -> None:
    """The panel itself: it opens, says why a button is disabled, and survives a scene's end."""
    from .panel.labels.section import LabelsSection
    from .panel.segmentNeonate.section import SegmentNeonateSection

    panel = slicer.util.getModuleWidget("PartialSeg").panel
    panel.enter()
    say("Without a scan, the large button tells what is missing")
    button = panel.section(SegmentNeonateSection).ui.segmentButton
    test.assertFalse(button.enabled)
    test.assertNotEqual(button.toolTip, "")
    say("A press on Create segments makes a segment of every label")
    volumeNode = slicer.util.addVolumeFromArray(np.ones((12, 14, 16), dtype=np.float32))
    section = panel.section(LabelsSection)
    section.parameterNode.inputVolume = volumeNode
    section.parameterNode.segmentation = slicer.mrmlScene.AddNewNodeByClass(
        "vtkMRMLSegmentationNode"
    )
    section.ui.createSegmentsButton.click()
    segmentation = section.parameterNode.segmentation.GetSegmentation()
    test.assertEqual(segmentation.GetNumberOfSegments(), len(section.scheme))
    say("The scene closes, and the panel goes on with a new one")
    slicer.mrmlScene.Clear()
    panel.enter()
    test.assertIsNone(panel.section(LabelsSection).parameterNode.segmentation)


def _requirePackages(logic) -> None:
    lacking = logic.missingPackages("learning")
    if lacking:
        raise unittest.SkipTest(
            f"Not tested, because this Slicer has no {', '.join(lacking)}: press Segment neonate "
            "in the module once, and agree to install them."
        )


def _addPhantom(seed: int):
    """A phantom's volume node, and its true labels (K, J, I)."""
    made = []

    def take(result, folder) -> None:
        ijkToRAS = np.array(result["affine"])[:, [2, 1, 0, 3]]
        volumeNode = slicer.util.addVolumeFromArray(folder.array("image"), ijkToRAS, "phantom")
        # The job's files are gone when it is over.
        made.append((volumeNode, np.array(folder.array("labelmap"))))

    Job("phantom", {"seed": seed, "shape": _SHAPE}, onFinished=take).wait()
    return made[0]


def _waitUntilOver(logic, run):
    """The last status of a training, while Slicer stays alive."""
    end = time.monotonic() + _TRAINING_SECONDS
    status = logic.runStatus(run)
    while not status.over and time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.2)
        status = logic.runStatus(run)
    return status


def _status(logic, segmentationNode, scheme) -> Status:
    rows = logic.labelTable(segmentationNode, scheme)
    return next(row.status for row in rows if row.name == _SUPER_LABEL)

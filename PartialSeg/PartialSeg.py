"""The module as Slicer sees it: module, widget, logic and test, wired together and nothing more.

Slicer runs this file when it starts, so that all that takes time is imported where it is used.
"""

import importlib
import sys
import unittest
from pathlib import Path

import slicer
import slicer.util
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

# An installed extension has the engine beside this file; a clone has it one folder up.
_ENGINE = Path(__file__).resolve().parent.parent / "PartialSegTrainer"
if _ENGINE.is_dir() and str(_ENGINE) not in sys.path:
    sys.path.append(str(_ENGINE))


class PartialSeg(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("PartialSeg")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = [
            *("Markups", "Plots", "SampleData", "SegmentEditor", "Segmentations"),
            *("Terminologies", "Volumes"),
        ]
        parent.contributors = ["PartialSeg contributors"]
        parent.helpText = _(
            "Segments brain MRI of newborns, and learns from scans that are annotated only in "
            "part. Draw what there is time for in the Segment Editor, the total cerebrum or any "
            "of its tissues, and say for each segment how far it is: in progress, or completed. "
            "With three slices drawn, Complete my annotation fills the rest: it learns from them "
            "first, and keeps them."
        )
        parent.acknowledgementText = _(
            "Learning from partial annotations of newborns, and the losses IUC, HUC, WEIGHT and "
            "WNORM, are after Kucheruk et al., Optimizing Segmentation of Neonatal Brain MRIs with "
            "Partially Annotated Multi-Label Data, Machine Learning for Healthcare (MLHC) 2025, "
            "Proceedings of Machine Learning Research 298. The default loss is that of Fidon et "
            "al., Label-set Loss Functions for Partial Supervision: Application to Fetal Brain 3D "
            "MRI Parcellation, MICCAI 2021."
        )
        window = slicer.util.mainWindow()
        if window is not None and window.visible:
            # Slicer has started; a module that is loaded later waits for its signal in vain.
            _registerSampleData()
        else:
            slicer.app.connect("startupCompleted()", _registerSampleData)


def _registerSampleData():
    """Add the module's samples to Slicer's Sample Data; nothing is downloaded by that."""
    from PartialSegLib.samples.sampleData import registerSampleData

    registerSampleData()


class PartialSegWidget(ScriptedLoadableModuleWidget):
    """Holds the panel, whose sections are in PartialSegLib.panel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.logic = None
        self.panel = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from PartialSegLib.panel.panel import Panel

        self.logic = PartialSegLogic()
        self.panel = Panel(self.logic, self.layout, self.isEntered)
        # Reload makes a new panel while the module is open, and Slicer enters it no second time.
        if self.isEntered():
            self.panel.enter()

    def isEntered(self):
        """Whether the module is open; a widget that a script makes for itself always is."""
        return getattr(self.parent, "isEntered", True)

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.exit()

    def cleanup(self):
        if self.panel is not None:
            self.panel.cleanup()

    def onReload(self):
        # Slicer loads this file anew, but not what it imported.
        for name in list(sys.modules):
            if name.partition(".")[0] in ("PartialSegLib", "partialseg_trainer"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class _Elsewhere:
    """A function of the library, or of the engine, as a method: with its own help and arguments.

    It is imported when somebody asks for it. Its name there is that of the method, unless given.
    """

    def __init__(self, module, name=None):
        self._module = module
        self._name = name

    def __set_name__(self, owner, name):
        self._name = self._name or name

    def __get__(self, logic, owner=None):
        return getattr(importlib.import_module(self._module), self._name)


def _segments(segmentationNode, scheme):
    """The segmentation seen through the scheme, as the library takes it."""
    from PartialSegLib.scene.labelSegments import LabelSegments

    return LabelSegments(segmentationNode, scheme)


def _annotation(segmentationNode, volumeNode, scheme, roiNode):
    """What is annotated of the scan, as the library takes it."""
    from PartialSegLib.annotation.scanAnnotation import Annotation

    return Annotation.of(segmentationNode, volumeNode, scheme, roiNode)


class PartialSegLogic(ScriptedLoadableModuleLogic):
    """All that the panel does, for scripts: `from PartialSeg import PartialSegLogic`.

    A scheme is given as a LabelScheme (see `scheme`). What takes long exists twice: as a job to be
    polled by whoever has an event loop, and as a function that waits for it.
    """

    def getParameterNode(self):
        """What the user has chosen in the panel; see PartialSegParameterNode for its fields."""
        from PartialSegLib.panel.parameterNode import PartialSegParameterNode

        return PartialSegParameterNode(super().getParameterNode())

    schemes = _Elsewhere("PartialSegLib.engine.schemes", "presets")
    scheme = _Elsewhere("PartialSegLib.engine.schemes", "loadScheme")

    # Segment neonate

    missingPackages = _Elsewhere("PartialSegLib.engine.packages", "missing")
    ensurePackages = _Elsewhere("PartialSegLib.engine.packages", "ensure")
    models = _Elsewhere("PartialSegLib.engine.models")
    devicesJob = _Elsewhere("PartialSegLib.engine.devices")
    segmentJob = _Elsewhere("PartialSegLib.prediction.segmentation")
    segment = _Elsewhere("PartialSegLib.prediction.segmentation")
    completeJob = _Elsewhere("PartialSegLib.prediction.completion")
    complete = _Elsewhere("PartialSegLib.prediction.completion")
    growthJob = _Elsewhere("PartialSegLib.prediction.growth")

    # Labels

    def labelTable(self, segmentationNode, scheme):
        """A LabelRow for each label of the scheme: colour, status and visibility of its segment."""
        from PartialSegLib.annotation.labelTable import labelTable

        return labelTable(_segments(segmentationNode, scheme))

    def labelVolumes(self, segmentationNode, scheme):
        """Volume in mL of each label that has a segment; None where it cannot be told."""
        segments = _segments(segmentationNode, scheme)
        return {name: segments.volume(name) for name in segments.ids}

    addSegmentation = _Elsewhere("PartialSegLib.scene.segmentationNodes", "addSegmentationNode")

    def createSegments(self, segmentationNode, scheme, volumeNode=None):
        """Add an empty segment for every label that has none; segment IDs by label name.

        `volumeNode` is the scan that they are to be painted on; it counts only for a segmentation
        that has no reference volume yet.
        """
        from PartialSegLib.scene.segmentationNodes import ensureReferenceVolume
        from PartialSegLib.scene.segments import createSegments

        if volumeNode is not None:
            ensureReferenceVolume(segmentationNode, volumeNode)
        return createSegments(segmentationNode, scheme)

    def setStatus(self, segmentationNode, segmentID, status):
        """Say how far a segment is: a Status, or its value, such as "complete" or "absent".

        Raises UserError where it cannot be so: an empty segment complete, a painted one absent.
        """
        from partialseg_trainer.labels import Status
        from PartialSegLib.scene.segmentStatus import setSegmentStatus

        setSegmentStatus(segmentationNode, segmentID, Status(status))

    def superLabelFromParts(self, segmentationNode, scheme, name):
        """Paint a super-label as the union of its annotated parts; return its new Status.

        Raises UserError, with nothing changed, when the parts do not say enough.
        """
        from PartialSegLib.annotation.setAlgebra import superLabelFromParts

        return superLabelFromParts(_segments(segmentationNode, scheme), name)

    def remainderToLastPart(self, segmentationNode, scheme, name):
        """Give what is left of a complete super-label to its last part; return it and its Status.

        Raises UserError, with nothing changed, when more than one part is open, or parts overlap.
        """
        from PartialSegLib.annotation.setAlgebra import remainderToLastPart

        return remainderToLastPart(_segments(segmentationNode, scheme), name)

    def contradictionsJob(self, segmentationNode, volumeNode, scheme, roiNode=None, **callbacks):
        """A job that looks for contradictions: `onFinished` gets the list of them.

        Raises UserError when the volume is empty or under a transform that is not linear.
        """
        from PartialSegLib.annotation.contradictions import contradictionsJob

        return contradictionsJob(
            _annotation(segmentationNode, volumeNode, scheme, roiNode), **callbacks
        )

    def contradictions(self, segmentationNode, volumeNode, scheme, roiNode=None):
        """Labels that exclude each other, with a place in world RAS mm, the largest first.

        Raises UserError when the annotation cannot be checked.
        """
        from PartialSegLib.annotation.contradictions import contradictions

        return contradictions(_annotation(segmentationNode, volumeNode, scheme, roiNode))

    # Export

    def previewJob(self, segmentationNode, volumeNode, scheme, roiNode=None, **callbacks):
        """A job that tells what an export would write: `onFinished` gets a Preview.

        Raises UserError when the volume is empty or under a transform that is not linear.
        """
        from PartialSegLib.annotation.preview import previewJob

        return previewJob(_annotation(segmentationNode, volumeNode, scheme, roiNode), **callbacks)

    def preview(self, segmentationNode, volumeNode, scheme, roiNode=None):
        """Whether each voxel is known to be each label, known not to be it, or unknown: a Preview.

        Raises UserError where labels exclude each other.
        """
        from PartialSegLib.annotation.preview import preview

        return preview(_annotation(segmentationNode, volumeNode, scheme, roiNode))

    def exportJob(
        self, segmentationNode, volumeNode, scheme, dataset, subject, *, roiNode=None, **options
    ):
        """A job that adds a scan and its annotation to the dataset in a folder, or makes one.

        Options, as for `exportCase`: session, annotator, group, roiNode, replace; and onProgress,
        onFinished, which gets the name of the case, onFailed. Raises UserError for a volume that
        cannot be exported.
        """
        from PartialSegLib.dataset.export import exportJob

        return exportJob(
            _annotation(segmentationNode, volumeNode, scheme, roiNode), dataset, subject, **options
        )

    exportCase = _Elsewhere("PartialSegLib.dataset.export")
    casesJob = _Elsewhere("PartialSegLib.dataset.content")
    cases = _Elsewhere("PartialSegLib.dataset.content")
    loadCaseJob = _Elsewhere("PartialSegLib.dataset.caseLoading")
    loadCase = _Elsewhere("PartialSegLib.dataset.caseLoading")

    # Train

    methods = _Elsewhere("partialseg_trainer.methods")
    strategies = _Elsewhere("partialseg_trainer.methods")
    networks = _Elsewhere("partialseg_trainer.methods")
    samplings = _Elsewhere("partialseg_trainer.methods")

    trainJob = _Elsewhere("PartialSegLib.training.trainings")

    def startTraining(self, dataset, run=None, **settings):
        """Start a training and return its RunFolder; it goes on when this process has ended.

        `run` is the folder to make, a new one of the user's if None; `settings` as for
        `trainJob`: name, loss, strategy, epochs, device, ... Raises UserError when something does
        not fit, before anything is written.
        """
        from PartialSegLib.training.trainings import train

        return train({"dataset": str(dataset), **settings}, run)

    resumeTraining = _Elsewhere("PartialSegLib.training.trainings", "resume")
    stopTraining = _Elsewhere("PartialSegLib.training.trainings", "stop")
    runs = _Elsewhere("partialseg_trainer.runs", "list_runs")
    runStatus = _Elsewhere("partialseg_trainer.runs", "read_status")
    useModelJob = _Elsewhere("PartialSegLib.engine.models")
    useModel = _Elsewhere("partialseg_trainer.models", "use_model")
    showTrainingPlot = _Elsewhere("PartialSegLib.training.plots")

    # Review

    def reviewSlices(self, segmentationNode, scheme, kind="axial", confidenceNode=None):
        """The slices where the model was least sure: index, uncertainty (0 to 1) and ras (mm).

        `kind` is axial, coronal or sagittal. The confidence is that of the prediction, unless a
        volume of percents is given. Raises UserError when there is none.
        """
        from PartialSegLib.engine.steps import finish
        from PartialSegLib.prediction.confidence import requireConfidence
        from PartialSegLib.prediction.uncertainSlices import uncertainSlices

        confidenceNode = confidenceNode or requireConfidence(segmentationNode)
        segments = _segments(segmentationNode, scheme)
        return finish(uncertainSlices(segments, confidenceNode, kind))

    def labelConfidence(self, segmentationNode, scheme, confidenceNode=None):
        """How sure the model was of each label that has something drawn: mean percent by name.

        Raises UserError when the prediction has no confidence and none is given.
        """
        from PartialSegLib.engine.steps import finish
        from PartialSegLib.prediction.confidence import requireConfidence
        from PartialSegLib.prediction.labelConfidence import labelConfidences

        confidenceNode = confidenceNode or requireConfidence(segmentationNode)
        return finish(labelConfidences(_segments(segmentationNode, scheme), confidenceNode))

    def accept(self, segmentationNode, scheme, labels=None, emptyIsAbsent=False):
        """Set labels of a prediction (all if None) to complete, and return what became of which.

        Empty ones stay as they are unless `emptyIsAbsent` is true. Labels that a person has given
        a status are left alone.
        """
        from PartialSegLib.prediction.acceptance import accept

        return accept(_segments(segmentationNode, scheme), labels, emptyIsAbsent)

    rankJob = _Elsewhere("PartialSegLib.prediction.scanRanking")
    rank = _Elsewhere("PartialSegLib.prediction.scanRanking")
    loadSample = _Elsewhere("PartialSegLib.samples.sampleData", "load")


class PartialSegTest(ScriptedLoadableModuleTest):
    """The story of the module in the real application; see PartialSegLib.selfTest."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run every test of the class, as the Reload & Test button does."""
        for story in (
            self.test_annotation,
            self.test_panel,
            self.test_segmentation,
            self.test_training,
        ):
            self.setUp()
            try:
                story()
            except unittest.SkipTest as reason:
                self.delayDisplay(str(reason))
        self.delayDisplay(_("The tests are over."))

    def test_annotation(self):
        from PartialSegLib.selfTest import annotationStory

        annotationStory(self, PartialSegLogic(), self.delayDisplay)

    def test_panel(self):
        from PartialSegLib.selfTest import panelStory

        panelStory(self, self.delayDisplay)

    def test_segmentation(self):
        from PartialSegLib.selfTest import segmentationStory

        segmentationStory(self, PartialSegLogic(), self.delayDisplay)

    def test_training(self):
        from PartialSegLib.selfTest import trainingStory

        trainingStory(self, PartialSegLogic(), self.delayDisplay)

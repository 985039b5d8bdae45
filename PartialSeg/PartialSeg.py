"""The module as Slicer sees it: module, widget, logic and test, wired together and nothing more.

Slicer runs this file when it starts, so that all that takes time is imported where it is used.
"""

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
            "of its tissues, and say for each segment how far it is: in progress, or completed."
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


class PartialSegLogic(ScriptedLoadableModuleLogic):
    """All that the panel does, for scripts: `from PartialSeg import PartialSegLogic`.

    A scheme is given as a LabelScheme (see `scheme`). What takes long exists twice: as a job to be
    polled by whoever has an event loop, and as a function that waits for it.
    """

    def getParameterNode(self):
        """What the user has chosen in the panel; see PartialSegParameterNode for its fields."""
        from PartialSegLib.panel.parameterNode import PartialSegParameterNode

        return PartialSegParameterNode(super().getParameterNode())

    def schemes(self):
        """Names of the label schemes that come along, with their titles."""
        from PartialSegLib.engine.schemes import presets

        return presets()

    def scheme(self, nameOrPath):
        """The label scheme of a preset's name or of a file.

        Raises UserError when there is none, or the file is wrong.
        """
        from PartialSegLib.engine.schemes import loadScheme

        return loadScheme(nameOrPath)

    # Segment neonate

    def missingPackages(self, packages):
        """Requirements of a set of packages that Slicer's Python lacks.

        The sets are "files", "learning", and the extras of networks: "segformer", "3d".
        """
        from PartialSegLib.engine.packages import missing

        return missing(packages)

    def ensurePackages(self, packages, reason, ask=True):
        """Install what is missing of a set of packages, after asking once.

        `reason` is what they are for, as in "segment a scan". Raises UserError when the user
        declines, and when the installation does not succeed.
        """
        from PartialSegLib.engine.packages import ensure

        ensure(packages, reason, ask)

    def models(self):
        """Cards of all models at hand: the default one, the user's own, those of trainings."""
        from PartialSegLib.engine.models import models

        return models()

    def devicesJob(self, onFinished=None, onFailed=None):
        """A job that tells what can compute here: `devices`, the `default` one, CPU `threads`."""
        from PartialSegLib.engine.devices import devicesJob

        return devicesJob(onFinished=onFinished, onFailed=onFailed)

    def segmentJob(
        self,
        volumeNode,
        model="",
        device="auto",
        segmentationNode=None,
        *,
        onProgress=None,
        onFinished=None,
        onFailed=None,
    ):
        """A job that segments a scan, with a model's folder or the default one.

        The result goes into a new segmentation, or fills what is not complete in
        `segmentationNode`. Raises UserError for what cannot be segmented, used or filled.
        """
        from PartialSegLib.prediction.segmentation import segmentJob

        return segmentJob(
            volumeNode,
            model,
            device,
            segmentationNode,
            onProgress=onProgress,
            onFinished=onFinished,
            onFailed=onFailed,
        )

    def segment(self, volumeNode, model="", device="auto", segmentationNode=None):
        """Segment a scan as `segmentJob` does, wait for it, and return what came out."""
        from PartialSegLib.prediction.segmentation import segment

        return segment(volumeNode, model, device, segmentationNode)

    # Labels

    def labelTable(self, segmentationNode, scheme):
        """A LabelRow for each label of the scheme: colour, status and visibility of its segment."""
        from PartialSegLib.annotation.labelTable import labelTable
        from PartialSegLib.scene.labelSegments import LabelSegments

        return labelTable(LabelSegments(segmentationNode, scheme))

    def labelVolumes(self, segmentationNode, scheme):
        """Volume in mL of each label that has a segment; None where it cannot be told."""
        from PartialSegLib.scene.labelSegments import LabelSegments

        segments = LabelSegments(segmentationNode, scheme)
        return {name: segments.volume(name) for name in segments.ids}

    def addSegmentation(self, volumeNode):
        """A new, empty segmentation of a scan."""
        from PartialSegLib.scene.segmentationNodes import addSegmentationNode

        return addSegmentationNode(volumeNode)

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
        from PartialSegLib.scene.labelSegments import LabelSegments

        return superLabelFromParts(LabelSegments(segmentationNode, scheme), name)

    def remainderToLastPart(self, segmentationNode, scheme, name):
        """Give what is left of a complete super-label to its last part; return it and its Status.

        Raises UserError, with nothing changed, when more than one part is open, or parts overlap.
        """
        from PartialSegLib.annotation.setAlgebra import remainderToLastPart
        from PartialSegLib.scene.labelSegments import LabelSegments

        return remainderToLastPart(LabelSegments(segmentationNode, scheme), name)

    def contradictionsJob(self, segmentationNode, volumeNode, scheme, roiNode=None, **callbacks):
        """A job that looks for contradictions: `onFinished` gets the list of them.

        Raises UserError when the volume is empty or under a transform that is not linear.
        """
        from PartialSegLib.annotation.annotation import Annotation
        from PartialSegLib.annotation.contradictions import contradictionsJob

        annotation = Annotation.of(segmentationNode, volumeNode, scheme, roiNode)
        return contradictionsJob(annotation, **callbacks)

    def contradictions(self, segmentationNode, volumeNode, scheme, roiNode=None):
        """Labels that exclude each other, with a place in world RAS mm, the largest first.

        Raises UserError when the annotation cannot be checked.
        """
        from PartialSegLib.annotation.annotation import Annotation
        from PartialSegLib.annotation.contradictions import contradictions

        return contradictions(Annotation.of(segmentationNode, volumeNode, scheme, roiNode))

    # Export

    def previewJob(self, segmentationNode, volumeNode, scheme, roiNode=None, **callbacks):
        """A job that tells what an export would write: `onFinished` gets a Preview.

        Raises UserError when the volume is empty or under a transform that is not linear.
        """
        from PartialSegLib.annotation.annotation import Annotation
        from PartialSegLib.annotation.preview import previewJob

        annotation = Annotation.of(segmentationNode, volumeNode, scheme, roiNode)
        return previewJob(annotation, **callbacks)

    def preview(self, segmentationNode, volumeNode, scheme, roiNode=None):
        """Whether each voxel is known to be each label, known not to be it, or unknown: a Preview.

        Raises UserError where labels exclude each other.
        """
        from PartialSegLib.annotation.annotation import Annotation
        from PartialSegLib.annotation.preview import preview

        return preview(Annotation.of(segmentationNode, volumeNode, scheme, roiNode))

    def exportJob(
        self, segmentationNode, volumeNode, scheme, dataset, subject, *, roiNode=None, **options
    ):
        """A job that adds a scan and its annotation to the dataset in a folder, or makes one.

        Options, as for `exportCase`: session, annotator, group, roiNode, replace; and onProgress,
        onFinished, which gets the name of the case, onFailed. Raises UserError for a volume that
        cannot be exported.
        """
        from PartialSegLib.annotation.annotation import Annotation
        from PartialSegLib.dataset.export import exportJob

        annotation = Annotation.of(segmentationNode, volumeNode, scheme, roiNode)
        return exportJob(annotation, dataset, subject, **options)

    def exportCase(self, segmentationNode, volumeNode, scheme, dataset, subject, **options):
        """Add a scan and its annotation to the dataset in a folder, or make one; return the Case.

        Options: session, annotator, group (of subjects that stay together when the dataset is
        split), roiNode (where the annotation took place), replace (an existing case). Raises
        UserError, with nothing written, where something is refused.
        """
        from PartialSegLib.dataset.export import exportCase

        return exportCase(segmentationNode, volumeNode, scheme, dataset, subject, **options)

    def casesJob(self, dataset, **callbacks):
        """A job that looks what is in the dataset of a folder: `onFinished` gets DatasetContent."""
        from PartialSegLib.dataset.content import casesJob

        return casesJob(dataset, **callbacks)

    def cases(self, dataset):
        """What is in the dataset of a folder: its scheme, and each case with its statuses.

        Raises UserError when the folder is no dataset.
        """
        from PartialSegLib.dataset.content import cases

        return cases(dataset)

    def loadCaseJob(self, dataset, subject, session=None, **callbacks):
        """A job that brings a case back into the scene: `onFinished` gets a LoadedCase."""
        from PartialSegLib.dataset.caseLoading import loadCaseJob

        return loadCaseJob(dataset, subject, session, **callbacks)

    def loadCase(self, dataset, subject, session=None):
        """Bring a case of a dataset back into the scene, scan and annotation: a LoadedCase.

        Raises UserError when there is no such case, or a file of it cannot be used.
        """
        from PartialSegLib.dataset.caseLoading import loadCase

        return loadCase(dataset, subject, session)

    # Train

    def methods(self):
        """The methods to train by, the recommended one first: name, title, description."""
        from partialseg_trainer.methods import methods

        return methods()

    def strategies(self):
        """The ways to put a training together, the usual one first: name, title, description."""
        from partialseg_trainer.methods import strategies

        return strategies()

    def networks(self):
        """The networks to train, the usual one first: title, description, settings."""
        from partialseg_trainer.methods import networks

        return networks()

    def samplings(self):
        """The orders in which slices are shown, the usual one first: name, title, description."""
        from partialseg_trainer.methods import samplings

        return samplings()

    def trainJob(self, settings, onProgress=None, onFinished=None, onFailed=None):
        """A job that checks a training, which is started in the background at its end.

        `settings` are fields of the engine's TrainConfig by name, of which `dataset` has to be
        there. `onFinished` gets the training's RunFolder.
        """
        from PartialSegLib.training.trainings import trainJob

        return trainJob(settings, onProgress=onProgress, onFinished=onFinished, onFailed=onFailed)

    def startTraining(self, dataset, run=None, **settings):
        """Start a training and return its RunFolder; it goes on when this process has ended.

        `run` is the folder to make, a new one of the user's if None; `settings` as for
        `trainJob`: name, loss, strategy, epochs, device, ... Raises UserError when something does
        not fit, before anything is written.
        """
        from PartialSegLib.training.trainings import train

        return train({"dataset": str(dataset), **settings}, run)

    def resumeTraining(self, run):
        """Let a stopped, failed or interrupted training go on from its last epoch.

        Raises UserError when it is at work, or finished.
        """
        from PartialSegLib.training.trainings import resume

        resume(run)

    def stopTraining(self, run, now=False):
        """Ask a training to save its state and stop, or end it at once with `now`.

        Raises UserError when it is not at work, or is to be ended but on another computer.
        """
        from PartialSegLib.training.trainings import stop

        stop(run, now)

    def runs(self):
        """The folders of all of this user's trainings, the newest first."""
        from partialseg_trainer.runs import list_runs

        return list_runs()

    def runStatus(self, run):
        """How a training stands: state, epoch, epochs, eta_seconds, metrics, message, ...

        Raises UserError when its status cannot be read.
        """
        from partialseg_trainer.runs import read_status

        return read_status(run)

    def useModel(self, run):
        """Keep the model of a training among the user's own, and return its folder there.

        Raises UserError when it has none yet.
        """
        from partialseg_trainer.models import use_model

        return use_model(run)

    def showTrainingPlot(self, run, figures="dice"):
        """Show "losses" or "dice" of a training in the plot view, and return the chart node.

        Raises UserError when there are no figures yet.
        """
        from PartialSegLib.training.plots import showTrainingPlot

        return showTrainingPlot(run, figures)

    # Review

    def reviewSlices(self, segmentationNode, scheme, kind="axial", confidenceNode=None):
        """The slices where the model was least sure: index, uncertainty (0 to 1) and ras (mm).

        `kind` is axial, coronal or sagittal. The confidence is that of the prediction, unless a
        volume of percents is given. Raises UserError when there is none.
        """
        from PartialSegLib.engine.steps import finish
        from PartialSegLib.prediction.confidence import requireConfidence
        from PartialSegLib.prediction.uncertainSlices import uncertainSlices
        from PartialSegLib.scene.labelSegments import LabelSegments

        confidenceNode = confidenceNode or requireConfidence(segmentationNode)
        segments = LabelSegments(segmentationNode, scheme)
        return finish(uncertainSlices(segments, confidenceNode, kind))

    def labelConfidence(self, segmentationNode, scheme, confidenceNode=None):
        """How sure the model was of each label that has something drawn: mean percent by name.

        Raises UserError when the prediction has no confidence and none is given.
        """
        from PartialSegLib.engine.steps import finish
        from PartialSegLib.prediction.confidence import requireConfidence
        from PartialSegLib.prediction.labelConfidence import labelConfidences
        from PartialSegLib.scene.labelSegments import LabelSegments

        confidenceNode = confidenceNode or requireConfidence(segmentationNode)
        return finish(labelConfidences(LabelSegments(segmentationNode, scheme), confidenceNode))

    def accept(self, segmentationNode, scheme, labels=None, emptyIsAbsent=False):
        """Set labels of a prediction (all if None) to complete, and return what became of which.

        Empty ones stay as they are unless `emptyIsAbsent` is true. Labels that a person has given
        a status are left alone.
        """
        from PartialSegLib.prediction.acceptance import accept
        from PartialSegLib.scene.labelSegments import LabelSegments

        return accept(LabelSegments(segmentationNode, scheme), labels, emptyIsAbsent)

    def rankJob(
        self,
        folder,
        model="",
        device="auto",
        dataset="",
        *,
        onProgress=None,
        onFinished=None,
        onFailed=None,
    ):
        """A job that tells which scan of a folder is worth annotating next.

        `onFinished` gets a list of scans, the one that the model is least sure of first: path,
        uncertainty (0 to 1), case (where the dataset holds the image), warnings and error.
        """
        from PartialSegLib.prediction.nextScan import rankJob

        return rankJob(
            folder,
            model,
            device,
            dataset,
            onProgress=onProgress,
            onFinished=onFinished,
            onFailed=onFailed,
        )

    def rank(self, folder, model="", device="auto", dataset=""):
        """Put the scans of a folder in order as `rankJob` does, wait for it, and return them.

        Raises UserError when the folder has no scans, or the model cannot be used.
        """
        from PartialSegLib.prediction.nextScan import rank

        return rank(folder, model, device, dataset)

    def loadSample(self, name):
        """Load a sample of the module, such as "Phantom newborn", and return its volume node.

        Raises UserError when there is no such sample, or it cannot be downloaded or made.
        """
        from PartialSegLib.samples.sampleData import load

        return load(name)


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

"""The module as Slicer sees it: module, widget, logic and test, wired together and nothing more.

Slicer runs this file when it starts, so that all that takes time is imported where it is used.
"""

import sys
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
        parent.dependencies = ["Segmentations", "SegmentEditor", "Terminologies", "Volumes"]
        parent.contributors = ["PartialSeg contributors"]
        parent.helpText = _(
            "Segments brain MRI of newborns, and learns from scans that are annotated only in "
            "part. Draw what there is time for in the Segment Editor, the total cerebrum or any "
            "of its tissues, and say for each segment how far it is: in progress, or completed."
        )
        parent.acknowledgementText = _(
            "The method is that of Kucheruk et al., Optimizing Segmentation of Neonatal Brain "
            "MRIs with Partially Annotated Multi-Label Data, Machine Learning for Healthcare "
            "(MLHC) 2025, Proceedings of Machine Learning Research 298."
        )
        slicer.app.connect("startupCompleted()", _registerSampleData)


def _registerSampleData():
    """Add the module's samples to Slicer's Sample Data; nothing is downloaded by that."""
    from PartialSegLib.sampleData import registerSampleData

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
        self.panel = Panel(self.logic, self.layout, lambda: self.parent.isEntered)

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
        from PartialSegLib.schemes import presets

        return presets()

    def scheme(self, nameOrPath):
        """The label scheme of a preset's name or of a file.

        Raises UserError when there is none, or the file is wrong.
        """
        from PartialSegLib.schemes import loadScheme

        return loadScheme(nameOrPath)

    # Segment neonate

    def missingPackages(self, packages):
        """Requirements of a set of packages, "files" or "learning", that Slicer's Python lacks."""
        from PartialSegLib.packages import missing

        return missing(packages)

    def ensurePackages(self, packages, reason, ask=True):
        """Install what is missing of a set of packages, after asking once.

        `reason` is what they are for, as in "segment a scan". Raises UserError when the user
        declines, and when the installation does not succeed.
        """
        from PartialSegLib.packages import ensure

        ensure(packages, reason, ask)

    # Labels

    def labelTable(self, segmentationNode, scheme):
        """A LabelRow for each label of the scheme: colour, status and visibility of its segment."""
        from PartialSegLib.labelTable import labelTable

        return labelTable(segmentationNode, scheme)

    def labelVolumes(self, segmentationNode, scheme):
        """Volume in mL of each label that has a segment; None where it cannot be told."""
        from PartialSegLib.segments import findSegments
        from PartialSegLib.segmentVolumes import SegmentVolumes

        volumes = SegmentVolumes()
        return {
            name: volumes.volume(segmentationNode, segmentID)
            for name, segmentID in findSegments(segmentationNode, scheme).items()
        }

    def createSegments(self, segmentationNode, scheme, volumeNode=None):
        """Add an empty segment for every label that has none; segment IDs by label name.

        `volumeNode` is the scan that they are to be painted on; it counts only for a segmentation
        that has no reference volume yet.
        """
        from PartialSegLib.segments import createSegments

        role = segmentationNode.GetReferenceImageGeometryReferenceRole()
        if volumeNode is not None and segmentationNode.GetNodeReference(role) is None:
            segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        return createSegments(segmentationNode, scheme)

    def setStatus(self, segmentationNode, segmentID, status):
        """Say how far a segment is: a Status, or its value, such as "complete" or "absent".

        Raises UserError where it cannot be so: an empty segment complete, a painted one absent.
        """
        from partialseg_trainer.labels import Status
        from PartialSegLib.segmentStatus import setSegmentStatus

        setSegmentStatus(segmentationNode, segmentID, Status(status))

    def superLabelFromParts(self, segmentationNode, scheme, name):
        """Paint a super-label as the union of its annotated parts; return its new Status.

        Raises UserError, with nothing changed, when the parts do not say enough.
        """
        from PartialSegLib.setAlgebra import superLabelFromParts

        return superLabelFromParts(segmentationNode, scheme, name)

    def remainderToLastPart(self, segmentationNode, scheme, name):
        """Give what is left of a complete super-label to its last part; return it and its Status.

        Raises UserError, with nothing changed, when more than one part is open, or parts overlap.
        """
        from PartialSegLib.setAlgebra import remainderToLastPart

        return remainderToLastPart(segmentationNode, scheme, name)

    def contradictionsJob(self, segmentationNode, volumeNode, scheme, roiNode=None, **callbacks):
        """A job that looks for contradictions: `onFinished` gets the list of them.

        Raises UserError when the volume is empty or under a transform that is not linear.
        """
        from PartialSegLib.contradictions import contradictionsJob

        return contradictionsJob(segmentationNode, volumeNode, scheme, roiNode, **callbacks)

    def contradictions(self, segmentationNode, volumeNode, scheme, roiNode=None):
        """Labels that exclude each other, with a place in world RAS mm, the largest first.

        Raises UserError when the annotation cannot be checked.
        """
        from PartialSegLib.contradictions import contradictions

        return contradictions(segmentationNode, volumeNode, scheme, roiNode)

    # Export

    # Train

    # Review


class PartialSegTest(ScriptedLoadableModuleTest):
    """What has to hold in the real application: its nodes become label sets."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run every test of the class, as the Reload & Test button does."""
        self.setUp()
        self.test_partialAnnotation()

    def test_partialAnnotation(self):
        """A finished cerebrum with only its deep grey drawn leaves cortex and white matter open."""
        import numpy as np

        from partialseg_trainer.labels import LabelScheme, Status
        from PartialSegLib.annotation import labelSetsFromSegmentation
        from PartialSegLib.segments import createSegments
        from PartialSegLib.segmentStatus import setSegmentStatus

        scheme = LabelScheme.load("dhcp9")
        drawn = {name: np.zeros((12, 14, 16), dtype=np.uint8) for name in ("tcv", "dgm")}
        drawn["tcv"][2:10, 2:12, 2:14] = 1
        drawn["dgm"][4:8, 5:9, 6:10] = 1
        volumeNode = slicer.util.addVolumeFromArray(drawn["tcv"].astype(np.float32))
        segmentationNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        segmentIDs = createSegments(segmentationNode, scheme)
        for name, mask in drawn.items():
            slicer.util.updateSegmentBinaryLabelmapFromArray(
                mask, segmentationNode, segmentIDs[name], volumeNode
            )
            setSegmentStatus(segmentationNode, segmentIDs[name], Status.COMPLETE)

        sets = labelSetsFromSegmentation(segmentationNode, volumeNode, scheme)

        cerebrum, deepGrey = drawn["tcv"] > 0, drawn["dgm"] > 0
        np.testing.assert_array_equal(sets.value_of("tcv"), cerebrum)
        np.testing.assert_array_equal(sets.value_of("dgm"), deepGrey)
        undecided = np.where(cerebrum & ~deepGrey, 2, 0)
        for name in ("cgm", "wm"):
            np.testing.assert_array_equal(sets.value_of(name), undecided)
        np.testing.assert_array_equal(sets.value_of("csf"), np.where(cerebrum, 0, 2))

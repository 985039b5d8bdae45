"""What the user has chosen in the panel; saved with the scene."""

from __future__ import annotations

from slicer import (
    vtkMRMLMarkupsROINode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
)
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class PartialSegParameterNode:
    """The choices that more than one section needs, or that belong to the scene.

    confidence - how sure the model was of the last prediction, percent.
    inputVolume - the scan.
    segmentation - its annotation, or prediction.
    scheme - name of a preset, or path of a scheme's file.
    model - folder of the model; empty for the default one.
    device - "auto", "cpu", "cuda:0", ...
    fillExisting - whether what was drawn in `segmentation` is completed; else a new one is made.
    learnFirst - whether a model then learns from it first.
    region - where the annotation took place; everywhere if none.
    dataset - folder that cases are exported to, and training reads.
    subject, session - identifiers of the exported case.
    contrasts - those of each scan of the dataset, the annotated one first; empty for T2w alone.
    """

    # First, because no section shows it: VTK tells the first observer last, so that what a script
    # changes through another wrapper is in the first field only after the sections were told.
    confidence: vtkMRMLScalarVolumeNode
    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    scheme: str = "dhcp9"
    model: str = ""
    device: str = "auto"
    fillExisting: bool = False
    learnFirst: bool = True
    region: vtkMRMLMarkupsROINode
    dataset: str = ""
    subject: str = ""
    session: str = ""
    contrasts: str = ""

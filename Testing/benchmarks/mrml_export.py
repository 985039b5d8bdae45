"""How long Slicer's window stands still while segments are exported, loaded or combined.

    python Testing/benchmarks/mrml_export.py

On real MRML nodes without the application (slicer-core): ten segments that all overlap, at
256 x 256 x 256 voxels. The limit of the export are Slicer's own calls, one a segment; what a click
does is measured against the 100 ms from which on a person feels it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import slicer
import slicer.util
import vtk

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "PartialSeg"))

from measuring import Report, in_turns, parser
from nested import SPACING_MM, nested_labelmap, nested_scan, nested_scheme
from partialseg_trainer.labels import LabelScheme, Status
from PartialSegLib.annotation.scanAnnotation import Annotation
from PartialSegLib.annotation.setAlgebra import remainderToLastPart, superLabelFromParts
from PartialSegLib.prediction.results import loadPrediction
from PartialSegLib.scene.headless import headlessScene
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segments import createSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus

LABELS = 10
CLICK_SECONDS = 0.1


def main() -> None:
    arguments = parser(__doc__).parse_args()
    size = 64 if arguments.small else 256
    report = Report("mrml_export", arguments.output)
    labelmap = nested_labelmap(size, LABELS)
    with headlessScene():
        scan = slicer.util.addVolumeFromArray(nested_scan(labelmap), affine(), "scan")
        export_rows(report, scan, labelmap)
        click_rows(report, scan, labelmap)
    report.finish()


def affine() -> np.ndarray:
    return np.diag([SPACING_MM] * 3 + [1])


def export_rows(report: Report, scan, labelmap: np.ndarray) -> None:
    scheme = nested_scheme(LABELS)
    node = painted(scan, scheme, labelmap)
    exported = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    logic = slicer.modules.segmentations.logic()

    def by_slicer(name: str) -> np.ndarray:
        segment = vtk.vtkStringArray()
        segment.InsertNextValue(name)
        extent = slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
        assert logic.ExportSegmentsToLabelmapNode(node, segment, exported, scan, extent)
        return slicer.util.arrayFromVolume(exported)

    def masks() -> dict[str, np.ndarray]:
        Annotation.of(node, scan, scheme).request()
        return dict(Annotation.of(node, scan, scheme).arrays())

    for name, mask in masks().items():
        assert np.array_equal(by_slicer(name.removeprefix("masks/")) != 0, mask), name
    seconds = in_turns(
        {
            "slicer": lambda: [by_slicer(name) for name in scheme.names],
            "masks": masks,
            "sets": lambda: Annotation.of(node, scan, scheme).labelSets(),
        }
    )
    against = "Slicer's label export, the sum of the segments"
    for key, what in (
        ("masks", "masks, statuses and geometry of 10 overlapping segments"),
        ("sets", "the same, checked and encoded to label sets"),
    ):
        note = f"{seconds[key]:.2f} s against {seconds['slicer']:.2f} s"
        report.add(what, against, seconds[key] / seconds["slicer"], "<= 1.5", note)
    slicer.mrmlScene.RemoveNode(node)
    slicer.mrmlScene.RemoveNode(exported)


def click_rows(report: Report, scan, labelmap: np.ndarray) -> None:
    """What the window waits for: a prediction that arrives, and what labels say of each other."""
    scheme = LabelScheme.load("dhcp9")
    atomic = [label.value for label in scheme if not label.children]
    prediction = np.array([0, *atomic, atomic[0]], dtype=np.uint8)[labelmap]
    segmentation, other = (
        loadPrediction(prediction, scheme, scan).segmentationNode for _ in range(2)
    )
    parts, loaded = scheme["tcv"].children, []
    for name in ("tcv", *parts):
        setSegmentStatus(segmentation, name, Status.COMPLETE)

    def load_anew() -> None:
        # Kept, because to give back the memory of the one before is no part of it.
        loaded.append(loadPrediction(prediction, scheme, scan).segmentationNode)

    def last_part() -> None:
        setSegmentStatus(segmentation, parts[-1], Status.NOT_ANNOTATED)
        remainderToLastPart(LabelSegments(segmentation, scheme), "tcv")

    clicks = {
        "a prediction loaded into a new segmentation": load_anew,
        "a prediction loaded over another one": lambda: loadPrediction(
            prediction, scheme, scan, other
        ),
        "a super-label made from its parts": lambda: superLabelFromParts(
            segmentation, scheme, "tcv"
        ),
        "the rest of a super-label given to its last part": last_part,
    }
    for what, seconds in in_turns(clicks).items():
        note = f"{1000 * seconds:.0f} ms"
        report.add(what, "a click of 100 ms", seconds / CLICK_SECONDS, "<= 1", note)


def painted(scan, scheme: LabelScheme, labelmap: np.ndarray):
    """A segmentation node with nested segments, complete, drawn by Slicer's own function."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.SetReferenceImageGeometryParameterFromVolumeNode(scan)
    createSegments(node, scheme)
    for label in scheme:
        mask = (labelmap >= label.value).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, label.name, scan)
        setSegmentStatus(node, label.name, Status.COMPLETE)
    return node


if __name__ == "__main__":
    main()

"""Samples that are downloaded: a scan and its parcellation, checked against their SHA-256."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme

from ..scene.oneScan import showScan
from .annotation import addAnnotation

_MESSAGE_MS = 10_000


def loadAtlas(name: str, sample: Mapping[str, Any]):
    """Load a sample with `files` (image and labelmap) and return the scan's volume node.

    Raises UserError when a file cannot be downloaded, or its content is not the expected one.
    """
    imageNode, labelmapFile = _downloaded(name)
    labelmapNode = slicer.util.loadLabelVolume(str(labelmapFile), {"show": False})
    try:
        annotation = addAnnotation(
            imageNode,
            slicer.util.arrayFromVolume(labelmapNode),
            LabelScheme.load(sample["scheme"]),
            sample["complete"],
        )
    finally:
        slicer.mrmlScene.RemoveNode(labelmapNode)
    showScan(imageNode, annotation)
    _tellWhereItIs()
    return imageNode


def _tellWhereItIs() -> None:
    from slicer.i18n import tr as _

    slicer.util.showStatusMessage(
        _(
            "The downloaded files are kept in Slicer's cache; Edit / Application Settings / Cache "
            "removes them."
        ),
        _MESSAGE_MS,
    )


def _downloaded(name: str) -> tuple[slicer.vtkMRMLScalarVolumeNode, Path]:
    """The scan, loaded by Sample Data, and the file of its labelmap."""
    from SampleData import SampleDataLogic

    logic = SampleDataLogic()
    results = logic.downloadFromSource(logic.sourceForSampleName(name))
    # A file of which the checksum was wrong is removed, but its path is returned all the same.
    if len(results) == 2 and Path(results[1]).is_file():
        return results[0], Path(results[1])
    for node in results:
        if isinstance(node, slicer.vtkMRMLNode):
            slicer.mrmlScene.RemoveNode(node)
    raise UserError(
        f"'{name}' could not be downloaded, or what came was not the expected file; check that "
        "this computer is online and try again, or take a phantom, which needs no network."
    )

"""Loading the engine's result into a segmentation node, without touching what a person has drawn.

Segments filled from a prediction are flagged, not "in progress": their voxels must not become
training targets before someone has looked at them. "Not started" would not hold that up, because
the Segment Editor turns it into "in progress" at the first stroke of a correction.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.labels.encode import look_up

from ..engine.steps import Steps, finish
from ..scene.completedSegments import createCompletedSegments
from ..scene.geometry import arrayShape, ijkToRAS, swapAxes, transformToWorld
from ..scene.labelDisplay import showParts
from ..scene.labelmapLayers import importLayer, labelLayers, layerImage
from ..scene.labelSegments import LabelSegments
from ..scene.ownLabelmaps import giveOwnLabelmaps
from ..scene.reviewed import forgetReview
from ..scene.segmentationNodes import addSegmentationNode, ensureReferenceVolume, isKeptAsLabelmaps
from ..scene.undo import announceChange

if TYPE_CHECKING:
    import nibabel

    from partialseg_trainer.volumes import Volume

_Images = dict[tuple[str, ...], slicer.vtkOrientedImageData]


class LoadedPrediction(NamedTuple):
    """Where a prediction went: the node, the labels filled from it, and those kept as they were.

    Of labels in `completed`, which are among those kept, the prediction stands in segments beside
    them (see `scene.completedSegments`).
    """

    segmentationNode: slicer.vtkMRMLSegmentationNode
    filled: tuple[str, ...]
    kept: tuple[str, ...]
    completed: tuple[str, ...] = ()


def loadPrediction(
    labelmap: np.ndarray | str | os.PathLike | nibabel.Nifti1Image | Volume,
    scheme: LabelScheme,
    volumeNode,
    segmentationNode=None,
    replaceInProgress: bool = False,
    *,
    completes: Collection[Status] = (),
) -> LoadedPrediction:
    """Put a predicted labelmap of a scan into a new segmentation node, or fill up an existing one.

    An array is (K, J, I) of whole numbers on the scan's own grid; anything else says itself where
    its voxels are, and is read with the engine's packages.

    Super-labels are the union of their parts. In an existing node complete and absent segments stay
    as they are, and so do painted ones in progress unless `replaceInProgress` is true; where the
    prediction `completes` labels of their status, it goes into segments beside them. All filled
    segments are flagged for review, and the panel's Segment Editor takes all of it back in a step.

    Raises UserError, with nothing changed, when the labelmap cannot be read, lies on another grid
    than the scan, or has values outside the scheme; and when the existing node cannot be filled
    (see `requireFillable`).
    """
    return finish(
        preparedPrediction(
            labelmap,
            scheme,
            volumeNode,
            segmentationNode,
            replaceInProgress,
            completes=completes,
        )
    )()


def preparedPrediction(
    labelmap: np.ndarray | str | os.PathLike | nibabel.Nifti1Image | Volume,
    scheme: LabelScheme,
    volumeNode,
    segmentationNode=None,
    replaceInProgress: bool = False,
    *,
    completes: Collection[Status] = (),
) -> Steps[Callable[[], LoadedPrediction]]:
    """The same in steps, which change nothing; they return what then loads the prediction at once.

    Nodes may change between the steps: what is kept is decided when it is loaded. Raises UserError
    as `loadPrediction` does.
    """
    voxels = _predictedVoxels(labelmap, scheme, volumeNode)
    segments = None
    if segmentationNode is not None:
        segments = LabelSegments(segmentationNode, scheme)
        requireFillable(segments)
    yield
    images: _Images = {}
    filled, _kept, completed = _division(segments, scheme, replaceInProgress, completes)
    for names in (filled, completed):
        for layer in labelLayers(scheme, names):
            images[layer] = layerImage(scheme, layer, voxels)
            yield
    return partial(
        _load,
        voxels,
        images,
        scheme,
        volumeNode,
        segmentationNode,
        replaceInProgress,
        completes,
    )


def _load(
    voxels: np.ndarray,
    images: _Images,
    scheme: LabelScheme,
    volumeNode,
    segmentationNode,
    replaceInProgress: bool,
    completes: Collection[Status],
) -> LoadedPrediction:
    if segmentationNode is None:
        segments = LabelSegments(addSegmentationNode(volumeNode), scheme)
    else:
        segments = LabelSegments(segmentationNode, scheme)
        requireFillable(segments)
        announceChange(segmentationNode)
    segmentationNode = segments.segmentationNode
    ijkToSegmentation = np.linalg.inv(transformToWorld(segmentationNode)) @ ijkToRAS(volumeNode)
    with slicer.util.NodeModify(segmentationNode):
        ensureReferenceVolume(segmentationNode, volumeNode)
        segmentIDs = segments.create()
        filled, kept, completed = _division(segments, scheme, replaceInProgress, completes)
        # A completion of before is of no use beside a prediction that is another one.
        beside = createCompletedSegments(segmentationNode, scheme, completed)
        giveOwnLabelmaps(
            segmentationNode, [*(segmentIDs[name] for name in filled), *beside.values()]
        )
        for shown, names in (
            (segments, filled),
            (segments.beside, completed),
        ):
            for layer in labelLayers(scheme, names):
                if layer not in images:
                    images[layer] = layerImage(scheme, layer, voxels)
                importLayer(shown, layer, images[layer], ijkToSegmentation)
            for name in names:
                shown.holdBack(name)
                forgetReview(segmentationNode, shown.ids[name])
        showParts(segments)
    return LoadedPrediction(segmentationNode, filled, kept, completed)


def _division(
    segments: LabelSegments | None,
    scheme: LabelScheme,
    replaceInProgress: bool,
    completes: Collection[Status],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The labels that are filled, those that are kept, and those of them that are completed."""
    if segments is None:
        return tuple(scheme.names), (), ()
    kept = tuple(
        name
        for name in scheme.names
        if name in segments.ids and _isAnnotated(segments, name, replaceInProgress)
    )
    filled = tuple(name for name in scheme.names if name not in kept)
    return filled, kept, tuple(name for name in kept if segments.status(name) in completes)


def requireFillable(segments: LabelSegments) -> None:
    """Raise UserError, saying why, when a prediction of their scheme cannot fill segments.

    The segmentation is kept as surfaces, has segments that were made for another scheme, or is
    under a transform that bends space.
    """
    if not isKeptAsLabelmaps(segments.segmentationNode):
        raise UserError(
            "The segmentation is kept as surfaces, where labelmaps were expected; make the binary "
            "labelmap its source representation in the Segmentations module, or load the "
            "prediction into a new segmentation."
        )
    foreign = segments.foreign()
    if foreign:
        raise UserError(
            f"The segmentation belongs to another label scheme: '{segments.scheme.name}' "
            f"has no "
            f"{', '.join(foreign)}; load the prediction into a new segmentation."
        )
    transformToWorld(segments.segmentationNode)


def _predictedVoxels(labelmap, scheme: LabelScheme, volumeNode) -> np.ndarray:
    """The labelmap's values as (K, J, I), after a check that they are this scan's and scheme's."""
    if isinstance(labelmap, np.ndarray):
        voxels, difference = labelmap, _differenceInShape(labelmap, volumeNode)
    else:
        voxels, difference = _readVoxels(labelmap, volumeNode)
    if difference:
        raise UserError(
            f"The prediction does not lie on the grid of the selected scan: its {difference}; "
            "select the scan that was segmented."
        )
    values = [0, *(label.value for label in scheme)]
    known = np.isin(np.arange(int(voxels.max()) + 1), values)
    if not look_up(known, voxels).all():
        strange = ", ".join(map(str, np.setdiff1d(voxels, values)))
        raise UserError(
            f"The prediction holds the values {strange}, which scheme "
            f"'{scheme.name}' does not have; load it with the scheme of its model."
        )
    return voxels


def _readVoxels(labelmap, volumeNode) -> tuple[np.ndarray, str | None]:
    """The values as (K, J, I), and how their grid differs from the scan's."""
    # Here, so that the module opens before its packages are installed.
    from partialseg_trainer.volumes import Grid, read_labelmap

    prediction = read_labelmap(labelmap)
    scan = Grid(tuple(reversed(arrayShape(volumeNode))), ijkToRAS(volumeNode))
    return swapAxes(prediction.data), prediction.grid.mismatch(scan)


def _differenceInShape(voxels: np.ndarray, volumeNode) -> str | None:
    shape = arrayShape(volumeNode)
    return None if voxels.shape == shape else f"shape is {voxels.shape}, not {shape}"


def _isAnnotated(segments: LabelSegments, name: str, replaceInProgress: bool) -> bool:
    status = segments.status(name)
    if status is Status.IN_PROGRESS:
        return not replaceInProgress and segments.isPainted(name)
    return status in (Status.COMPLETE, Status.ABSENT)

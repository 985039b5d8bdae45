"""What is worked on: a scan, its segmentation seen through a scheme, and the region annotated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, LabelSets, Status

from ..scene.geometry import arrayShape, kjiToRAS
from ..scene.labelSegments import LabelSegments
from ..scene.region import regionFromROI
from ..scene.reviewed import reviewedOn


class Annotation(NamedTuple):
    """The annotation of a scan: what segments say about its voxels.

    Segments may overlap, lie on another grid than the volume, be surfaces, and both nodes may be
    under transforms. A markups ROI in `roiNode` says that no more than a part of the scan was
    annotated; None means all of it.
    """

    segments: LabelSegments
    volumeNode: Any
    roiNode: Any = None

    @classmethod
    def of(cls, segmentationNode, volumeNode, scheme: LabelScheme, roiNode=None) -> Annotation:
        """The annotation where its nodes and the scheme meet."""
        return cls(LabelSegments(segmentationNode, scheme), volumeNode, roiNode)

    @property
    def scheme(self) -> LabelScheme:
        """The scheme that the segments are seen through."""
        return self.segments.scheme

    def masks(self) -> Iterator[tuple[str, np.ndarray]]:
        """Each label that is complete or in progress, and its mask: bool (K, J, I) on the scan.

        A mask is made when it is asked for; which ones there are is settled at the call.

        Raises UserError when a complete segment has no voxel on the grid, when a segment is
        removed meanwhile, or when the volume is empty or under a transform that is not linear; and
        as `LabelSegments.requireOneMeaning` does.
        """
        self.segments.requireOneMeaning()
        statuses = self.segments.statuses()
        drawn = [
            name
            for name, status in statuses.items()
            if status in (Status.COMPLETE, Status.IN_PROGRESS)
        ]
        masks = self.segments.masks(self.volumeNode, drawn)

        def checked() -> Iterator[tuple[str, np.ndarray]]:
            for name, mask in masks:
                if statuses[name] is Status.COMPLETE and not mask.any():
                    raise UserError(
                        f"Segment '{self.scheme[name].title}' is complete and painted, but none of "
                        "it is on a voxel of the selected scan; select the scan that it was "
                        "painted on."
                    )
                yield name, mask

        return checked()

    def request(self) -> dict[str, Any]:
        """What the jobs "check" and "export" have to know beside the arrays.

        The keys are `scheme`, `status` by label, `affine` (from indices (K, J, I) to world RAS in
        mm) and `shape` (K, J, I). Raises UserError when the volume is empty or under a transform
        that is not linear, and as `LabelSegments.requireOneMeaning` does.
        """
        self.segments.requireOneMeaning()
        return {
            "scheme": self.scheme.to_dict(),
            "status": {name: status.value for name, status in self.segments.statuses().items()},
            "affine": kjiToRAS(self.volumeNode).tolist(),
            "shape": list(arrayShape(self.volumeNode)),
        }

    def reviewed(self) -> dict[str, str]:
        """The day on which labels that a model had drawn, and that are settled, were accepted."""
        segments = self.segments
        days = {
            name: reviewedOn(segments.segmentationNode, segmentID)
            for name, segmentID in segments.ids.items()
            if segments.status(name) in (Status.COMPLETE, Status.ABSENT)
        }
        return {name: day for name, day in days.items() if day is not None}

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """The arrays (K, J, I) of these jobs, one at a time: each takes a moment.

        They are `masks/<label>` of `masks`, with its errors, and `region` where there is a ROI.
        """
        masks = self.masks()

        def arrays() -> Iterator[tuple[str, np.ndarray]]:
            for name, mask in masks:
                yield f"masks/{name}", mask
            if self.roiNode is not None:
                yield "region", self._region()

        return arrays()

    def labelSets(self) -> LabelSets:
        """What is known of each voxel, in the axis order of Slicer's arrays (K, J, I).

        Raises ContradictionError, with positions in world RAS, where two labels exclude each
        other, and UserError as `masks` does.
        """
        return LabelSets.from_masks(
            self.scheme,
            dict(self.masks()),
            self.segments.statuses(),
            self._region(),
            shape=arrayShape(self.volumeNode),
            affine=kjiToRAS(self.volumeNode),
        )

    def _region(self) -> np.ndarray | None:
        return None if self.roiNode is None else regionFromROI(self.roiNode, self.volumeNode)

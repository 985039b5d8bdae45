"""What a segmentation file of Slicer says of a scan, in the labels of a scheme."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Literal

import numpy as np

from ..errors import UserError
from ..labels import ContradictionError, LabelScheme, LabelSets, Status
from ..labels.segments import (
    STATUS_TAG,
    Part,
    folded,
    labels_of_segments,
    status_of_tag,
    united,
)
from ..volumes import Grid, Segments, Volume, is_segmentation, read_labelmap, read_segments

Labels = Collection[str] | Literal["all"]
LEFT_OUT = "unknown"
"""What a segment is renamed to that says nothing."""


class NamedSegments:
    """The segments of a file, by the labels of a scheme that they belong to.

    `renamed` is by a segment's name or ID the label that it is, or `LEFT_OUT`. Raises UserError for
    painted segments that are no label, and as `labels_of_segments` does.
    """

    def __init__(
        self, segments: Segments, scheme: LabelScheme, renamed: Mapping[str, str] | None = None
    ):
        self.segments, self.scheme = segments, scheme
        self._by_id = {segment.id: segment for segment in segments.segments}
        self._painted = {
            segment.id: bool(segments.mask(segment).any()) for segment in segments.segments
        }
        meant = {folded(name): label for name, label in (renamed or {}).items()}
        names, given = {}, {}
        for segment in segments.segments:
            label = meant.get(folded(segment.name), meant.get(folded(segment.id)))
            if label is None:
                names[segment.id] = segment.name
            elif label != LEFT_OUT:
                given[segment.id] = scheme[label].name
        try:
            self._ids = labels_of_segments(scheme, names)
        except UserError as error:
            raise UserError(f"{segments.path}: {error}") from error
        for segment, label in given.items():
            self._ids.setdefault(label, []).append(segment)
        taken = {segment for ids in self._ids.values() for segment in ids}
        strange = [
            f"'{name}' ({np.count_nonzero(segments.mask(self._by_id[segment]))} voxels)"
            for segment, name in names.items()
            if segment not in taken and self._painted[segment]
        ]
        if strange:
            raise UserError(
                f"{segments.path} has segments that scheme '{scheme.name}' does not: "
                f"{', '.join(strange)}; call each by a name or title of {', '.join(scheme.names)}, "
                "or say which label it is, or that it is none (--map 'NAME=LABEL,NAME=unknown')."
            )

    @property
    def drawn(self) -> set[str]:
        """The labels that some segment shows."""
        return {name for name, ids in self._ids.items() if any(map(self._painted.get, ids))}

    def voxels(self) -> dict[tuple[str, str], int]:
        """(name of the segment, label) -> its voxels, of those that are painted."""
        return {
            (self._by_id[segment].name, name): int(
                np.count_nonzero(self.segments.mask(self._by_id[segment]))
            )
            for name, ids in self._ids.items()
            for segment in ids
            if self._painted[segment]
        }

    def masks(self) -> dict[str, np.ndarray]:
        """(X, Y, Z) bool for each label that has a segment: all of its segments together."""
        return {name: self._union(ids) for name, ids in self._ids.items()}

    @property
    def telling(self) -> bool:
        """Whether any segment says something: is painted or absent, and not held back."""
        parts = (self._part(segment, True) for ids in self._ids.values() for segment in ids)
        return any(part.status is not Status.NOT_ANNOTATED for part in parts)

    def label_sets(self, finished: Labels, looked_for: Labels = ()) -> LabelSets:
        """What is known of each voxel of the segments' grid.

        A segment's own status counts. One without any, as other programs write it, is complete
        where it is painted and among the labels `finished`, and right in what is painted where
        it is not. A label of `looked_for` is absent where no segment says otherwise.

        Raises UserError where segments contradict each other.
        """
        sought = self.scheme.names if looked_for == "all" else tuple(looked_for)
        masks, status = {}, dict.fromkeys(sought, Status.ABSENT)
        done = self.scheme.names if finished == "all" else finished
        parts_of = {
            name: [self._part(segment, name in done) for segment in ids]
            for name, ids in self._ids.items()
        }
        try:
            for name, ids in self._ids.items():
                parts = parts_of[name]
                state, counted = united(name, parts)
                untold = all(STATUS_TAG not in self._by_id[segment].tags for segment in ids)
                if untold and name in sought and not any(part.painted for part in parts):
                    state = Status.ABSENT
                masks[name], status[name] = self._union([ids[n] for n in counted]), state
            return LabelSets.from_masks(
                self.scheme,
                masks,
                status,
                shape=self.segments.grid.shape,
                affine=self.segments.grid.affine,
            )
        except ContradictionError as error:
            raise UserError(f"{self.segments.path} contradicts itself: {error}") from error
        except UserError as error:
            raise UserError(f"{self.segments.path}: {error}") from error

    def _part(self, segment: str, finished: bool) -> Part:
        painted, own = self._painted[segment], self._by_id[segment]
        if STATUS_TAG in own.tags:
            status = status_of_tag(own.tags[STATUS_TAG], painted)
            if status is None:
                raise UserError(
                    f"{self.segments.path}: segment '{own.name}' has the status "
                    f"'{own.tags[STATUS_TAG]}', which Slicer does not know; set it in the Segment "
                    "Editor."
                )
        elif not painted:
            status = Status.NOT_ANNOTATED
        else:
            status = Status.COMPLETE if finished else Status.IN_PROGRESS
        return Part(f"{own.name} ({segment})", status, painted)

    def _union(self, ids: Collection[str]) -> np.ndarray:
        mask = np.zeros(self.segments.grid.shape, dtype=bool)
        for segment in ids:
            mask |= self.segments.mask(self._by_id[segment])
        return mask


def read_scheme_labelmap(
    path: str | os.PathLike, scheme: LabelScheme, grid: Grid | None = None
) -> Volume:
    """A labelmap file in the values of a scheme; of a segmentation file by the segments' names.

    The segments are put on `grid`, or on that of the scan they were drawn on. Where a super-label
    and a part of it are painted, the part's value stands. Raises UserError when the file cannot be
    read, and for segments that the scheme does not have or that exclude each other.
    """
    if not is_segmentation(path):
        return read_labelmap(path)
    segments = read_segments(path)
    segments = segments.on(segments.reference if grid is None else grid)
    masks = NamedSegments(segments, scheme).masks()
    try:
        sets = LabelSets.from_masks(
            scheme,
            masks,
            dict.fromkeys(masks, Status.IN_PROGRESS),
            shape=segments.grid.shape,
            affine=segments.grid.affine,
        )
    except ContradictionError as error:
        raise UserError(f"{path} contradicts itself: {error}") from error
    return Volume(sets.labelmap(), segments.grid.affine, segments.grid.forms)

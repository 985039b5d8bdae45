"""What is known of one scan, from a file or a dataset: label sets on the scan's own grid."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from itertools import combinations
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np

from ..errors import UserError
from ..labels import ContradictionError, LabelScheme, LabelSets, Status
from ..volumes import Grid, Volume, is_segmentation, read_labelmap, read_segments
from ..volumes.preprocessing import AXES
from .annotations import NamedSegments
from .folder import Dataset
from .layout import LABELS, SCHEME, ScanName
from .same_image import KnownImages, is_same_image

# How far a labelmap was drawn: what is painted is right; slices with paint are drawn to the end; or
# all of the scan is.
Drawn = Literal["strokes", "axial", "coronal", "sagittal", "all"]
DRAWN: tuple[Drawn, ...] = get_args(Drawn)


class Annotation(NamedTuple):
    """Where an annotation is, and how far it was drawn, which a case says itself."""

    path: Path
    drawn: Drawn = "strokes"


def parse_annotation(text: str) -> Annotation:
    """`PATH` or `PATH:HOW`. Raises UserError when there is no such file or folder."""
    before, _, how = text.rpartition(":")
    found = Annotation(Path(before), how) if before and how in DRAWN else Annotation(Path(text))
    if not found.path.exists():
        raise UserError(
            f"{found.path} does not exist; name a labelmap, a case's multi-label file or a "
            f"dataset, after a labelmap perhaps :{', :'.join(DRAWN)}."
        )
    return found


class KnownScans:
    """What annotations say about scans; datasets are looked into once.

    Args:
        annotations: a dataset's folder, in which the case of each scan is found by its image;
            a case's multi-label file; a labelmap of the scheme's values; or a segmentation of
            Slicer, whose segments are labels by their names.
        scheme: whose values labelmaps have, and whose labels are wanted.
    """

    def __init__(self, annotations: Sequence[Annotation], scheme: LabelScheme):
        self._scheme = scheme
        self._annotations = list(annotations)
        self._datasets: dict[Path, KnownImages] = {}

    @property
    def of_any_scan(self) -> bool:
        """Whether these say something of more than one scan."""
        return all(entry.path.is_dir() for entry in self._annotations)

    def of(self, scan: Volume) -> LabelSets:
        """What all of them together say about a scan, (X, Y, Z).

        Raises UserError for an annotation on another grid, of which no label is in the scheme, or
        that says nothing; and ContradictionError where they leave no leaf possible.
        """
        parts = [self._read(entry, scan) for entry in self._annotations]
        try:
            known = reduce(partial(LabelSets.also, affine=scan.affine), parts)
        except ContradictionError as error:
            raise self._between(parts, error) from error
        if known.leaf_sets()[known.counts() > 0].all():
            names = ", ".join(str(entry.path) for entry in self._annotations)
            raise UserError(
                f"{names} says nothing about any voxel of the scan; draw something, or segment "
                "without it."
            )
        return known

    def _between(self, parts: Sequence[LabelSets], error: ContradictionError) -> ContradictionError:
        """The error by the names of the two that exclude each other, or of all where no two do."""
        named = list(zip((str(entry.path) for entry in self._annotations), parts, strict=True))
        for (one, first), (other, second) in combinations(named, 2):
            try:
                first.also(second)
            except ContradictionError:
                which = f"{one} and {other} contradict each other"
                break
        else:
            which = f"{', '.join(path for path, _ in named)} together contradict each other"
        return ContradictionError(error.contradictions, which)

    def _read(self, entry: Annotation, scan: Volume) -> LabelSets:
        path = entry.path
        if path.is_dir():
            sets, grid = self._of_dataset(path, scan), scan.grid
        elif path.name.endswith(LABELS):
            sets, grid = _of_case(path, scan)
        elif is_segmentation(path):
            sets, grid = _of_segmentation(entry, self._scheme, scan), scan.grid
        else:
            labelmap = read_labelmap(path)
            grid = labelmap.grid
            sets = _of_labelmap(labelmap, entry.drawn, self._scheme, path)
        difference = grid.mismatch(scan.grid)
        if difference:
            raise UserError(
                f"{path} does not lie on the scan: its {difference}; give the annotation of this "
                "scan, on its own grid."
            )
        try:
            return sets.in_scheme(self._scheme, affine=scan.affine)
        except ContradictionError as error:
            raise UserError(f"{path} does not fit '{self._scheme.name}': {error}") from error

    def _of_dataset(self, folder: Path, scan: Volume) -> LabelSets:
        dataset = Dataset.open(folder)
        if folder not in self._datasets:
            self._datasets[folder] = KnownImages(dataset)
        case = self._datasets[folder].case_of(scan)
        if case is None:
            raise UserError(
                f"No case of {folder} has this scan's image; add the scan to it, or name the "
                "annotation's own file."
            )
        return case.label_sets(dataset.scheme)


def _of_case(path: Path, scan: Volume) -> tuple[LabelSets, Grid]:
    root = next((folder for folder in path.parents if (folder / SCHEME).is_file()), None)
    if root is None:
        raise UserError(
            f"{path} lies in no dataset: none of its folders has a {SCHEME}; name a file within "
            "the dataset that it was exported to."
        )
    subject, *session = (
        part.split("-", 1)[1] for part in path.name.removesuffix(LABELS).split("_")
    )
    dataset = Dataset.open(root)
    case = dataset.case(ScanName(subject, session[0] if session else None))
    image = case.image()
    if image.grid.mismatch(scan.grid) is None and not is_same_image(image, scan):
        raise UserError(
            f"{path} is the annotation of another scan: the image beside it is not this one; name "
            "the annotation of this scan."
        )
    return case.label_sets(dataset.scheme), image.grid


def _of_segmentation(entry: Annotation, scheme: LabelScheme, scan: Volume) -> LabelSets:
    """What Slicer's segments say, by their names and own statuses; those without one as `drawn`."""
    if entry.drawn not in ("strokes", "all"):
        raise UserError(
            f"{entry.path} is a segmentation, of which slices cannot be told from the whole; leave "
            f":{entry.drawn} out, and mark the segments that are complete in Slicer."
        )
    named = NamedSegments(read_segments(entry.path).on(scan.grid), scheme)
    return named.label_sets("all" if entry.drawn == "all" else ())


def _of_labelmap(labelmap: Volume, drawn: Drawn, scheme: LabelScheme, path: Path) -> LabelSets:
    """What is written in a labelmap, of the labels that occur in it."""
    data = labelmap.data
    try:
        # Refuses values that the scheme does not have.
        LabelSets.from_labelmap(scheme, data)
    except UserError as error:
        raise UserError(f"{path} does not fit '{scheme.name}': {error}") from error
    present = set(np.flatnonzero(np.bincount(data.ravel(order="K"))).tolist())
    names = [label.name for label in scheme if label.value in present]
    if not names:
        raise UserError(f"{path} shows no label at all; draw something, or leave it out.")
    if drawn == "strokes":
        masks = {name: data == scheme[name].value for name in names}
        return LabelSets.from_masks(scheme, masks, dict.fromkeys(names, Status.IN_PROGRESS))
    masks = {name: scheme.mask(data, name) for name in names}
    region = None if drawn == "all" else _slices_with(data != 0, drawn, labelmap.grid)
    return LabelSets.from_masks(
        scheme,
        masks,
        dict.fromkeys(names, Status.COMPLETE),
        region,
        affine=labelmap.affine,
    )


def _slices_with(painted: np.ndarray, cut: str, grid: Grid) -> np.ndarray:
    """The slices, along the voxel axis that is nearest to a direction, that hold some paint."""
    normal = grid.affine[AXES.index(cut), :3] / grid.spacing
    axis = int(np.abs(normal).argmax())
    others = tuple(other for other in range(3) if other != axis)
    drawn = painted.any(axis=others, keepdims=True)
    return np.broadcast_to(drawn, painted.shape)

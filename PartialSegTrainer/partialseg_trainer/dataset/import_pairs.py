"""Import from folders of images and labelmaps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from ..labels import LabelScheme
from .folder import Dataset
from .importing import Groups, Reading, Survey, import_scans
from .nnunet_values import NnUNetValues, values_beside
from .pairing import find_pairs
from .progress import Progress


def import_pairs(
    images: str | Path,
    labels: str | Path,
    scheme: LabelScheme | str | Path,
    output: str | Path | None,
    mapping: Mapping[int, int] | None = None,
    *,
    renamed: Mapping[str, str] | None = None,
    annotated: Collection[str] | Literal["all"] | None = None,
    unknown: Collection[int] = (),
    hide: Collection[str] = (),
    keep_full: int = 0,
    seed: int = 0,
    groups: Groups | None = None,
    survey: Survey | None = None,
    progress: Progress | None = None,
    contrast: str | None = None,
    values: NnUNetValues | None = None,
) -> Dataset | None:
    """Make a dataset from images and the labelmaps drawn on them.

    Args:
        images, labels: folders, or patterns such as `in/*/T2w.nii.gz`; `pairing.find_pairs` says
            how they are matched, and `pairing.scan_name` how subjects are called: by the file
            name, which is not anonymised.
        scheme: a scheme, a preset's name, or the path of a scheme's JSON file.
        output: the dataset's folder, new or empty; None reads and checks all, and writes nothing.
        mapping: value in the labelmaps -> value of the scheme, or 0 for outside; all values are
            mapped at once, so values may be swapped. The others keep theirs. A voxel with the value
            of a super-label may be any part of it.
        renamed: name or ID of a segment -> label, or "unknown", for segmentations of Slicer
            (`.seg.nrrd`), whose segments are labels by their names and titles and never by number.
        annotated: the labels that were drawn wherever they are, or "all". Where it is not given,
            these are the labels that `mapping` names, or, without one, those that occur in some
            labelmap: that nobody drew a label does not say that it is absent.
        unknown: the values of voxels of which nothing is known.
        hide: labels to forget, which turns fully labelled scans into the paper's partial ones.
        keep_full: the number of subjects, drawn by `seed`, that keep all their labels.
        groups: subject -> group; a group is never divided by a split.
        survey: gets what the import finds.
        contrast: that of the scans, a suffix of BIDS; None reads it from their names.
        values: what nnU-Net's values mean, where the labelmaps are its predictions; without it and
            without a mapping, a dataset.json beside them is used.

    Raises UserError for files that do not pair or cannot be used, labelmaps on another grid than
    their image, values outside the scheme, a labelmap without any label where
    `annotated` is not given, unknown labels to hide, or an output that exists.
    Nothing is written then.
    """
    if not isinstance(scheme, LabelScheme):
        scheme = LabelScheme.load(scheme)
    if values is None and not mapping and not unknown:
        values = values_beside(labels, scheme)
    if values is not None:
        values.check(scheme)
        mapping = dict(values.mapping)
        unknown = () if values.ignored is None else (values.ignored,)
    return import_scans(
        find_pairs(images, labels),
        scheme,
        output,
        reading=Reading(mapping, unknown, annotated=annotated, renamed=renamed),
        hide=hide,
        keep_full=keep_full,
        seed=seed,
        groups=groups,
        survey=survey,
        progress=progress,
        contrast=contrast,
    )

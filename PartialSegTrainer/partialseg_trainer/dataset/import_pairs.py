"""Import from folders of images and labelmaps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

from ..errors import UserError
from ..labels import LabelScheme
from .contrast import DEFAULT, checked_contrast, checked_contrasts
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
    contrast: str | Sequence[str] | None = None,
    elsewhere: Mapping[str, str | Path] | None = None,
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
        contrast: that of the scans, a suffix of BIDS; None reads it from their names. Or several,
            of each of which every scan has an image; the first is the one that was drawn on.
        elsewhere: contrast -> folder or pattern of its images, where that is not `images`. Those
            that `contrast` does not name come after it.
        values: what nnU-Net's values mean, where the labelmaps are its predictions; without it and
            without a mapping, a dataset.json beside them is used.

    Raises UserError for contrasts that are named twice or that a scan lacks, files that do not pair
    or cannot be used, labelmaps on another grid than their image, values outside the scheme, a
    labelmap without any label where `annotated` is not given, unknown labels to hide, or an output
    that exists.
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
    contrasts, places = _all_contrasts(contrast, elsewhere or {}, images)
    return import_scans(
        find_pairs(images, labels, contrasts or (), places),
        scheme,
        output,
        reading=Reading(mapping, unknown, annotated=annotated, renamed=renamed),
        hide=hide,
        keep_full=keep_full,
        seed=seed,
        groups=groups,
        survey=survey,
        progress=progress,
        contrasts=contrasts,
    )


def _all_contrasts(
    named: str | Sequence[str] | None, elsewhere: Mapping[str, str | Path], images: str | Path
) -> tuple[tuple[str, ...] | None, dict[str, str | Path]]:
    """The contrasts of a dataset and the places of some; None where the names of scans say it."""
    places = {checked_contrast(contrast): place for contrast, place in elsewhere.items()}
    if named is None and not places:
        return None, {}
    if named is None:
        named = DEFAULT
    contrasts = checked_contrasts(named)
    if contrasts[0] in places:
        raise UserError(
            f"The images of {contrasts[0]} are in {places[contrasts[0]]} and in {images}; name one "
            "place, and each contrast once."
        )
    return (*contrasts, *(each for each in places if each not in contrasts)), places

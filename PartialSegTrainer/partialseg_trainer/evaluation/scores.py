"""Scores of one segmented scan against its truth, label by label."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import UserError
from ..labels import Label, LabelScheme
from ..volumes import Volume
from .lesions import lesion_f1
from .surface import surface_distances
from .surface_dice import surface_dice

ABSENT_IN_BOTH = "absent in both"
ABSENT_IN_TRUTH = "absent in truth"
MISSING_IN_PREDICTION = "missing in prediction"
UNKNOWN_IN_TRUTH = "unknown in truth"

RULES = {
    "labels": "Super-labels are scored as the union of everything below them.",
    "dice": "2 |P and T| / (|P| + |T|) over voxels; 1 is perfect, 0 is no overlap.",
    "hd100": "Hausdorff distance in mm: the larger of the two directed maxima between surfaces.",
    "hd95": "The larger of the two directed 95th percentiles of surface distance, in mm.",
    "assd": "Average symmetric surface distance in mm: the mean over the voxels of both surfaces.",
    "nsd05, nsd1": (
        "Normalised surface Dice: the share of the voxels of both surfaces that lie within 0.5 mm, "
        "and 1 mm, of the other surface; 1 is perfect."
    ),
    "surface": (
        "Voxels of the mask with at least one of six face neighbours outside it, where the border "
        "of the image counts as outside; distances run between voxel centres on the native grid."
    ),
    "volume": "Voxels times the volume of a voxel, in mL; difference is prediction minus truth.",
    "rvd": "Relative volume difference: prediction minus truth, in percent of the truth's volume.",
    "precision, recall": (
        "|P and T| / |P|, the share of the voxels found that are right, and |P and T| / |T|, the "
        "share of the true voxels that were found."
    ),
    "lesion_f1": (
        "Of lesions alone (labels of the category Morphologically Altered Structure): the harmonic "
        "mean of the shares of true lesions that were found, and of found ones that are true. A "
        "lesion is a piece of voxels that touch by face, edge or corner; one voxel in common with "
        "the other side is enough (WMH Segmentation Challenge, Kuijf et al., 2019)."
    ),
    ABSENT_IN_BOTH: "All scores but the volume difference are undefined, left out of means.",
    ABSENT_IN_TRUTH: (
        "Both kinds of Dice, precision and lesion-wise F1 are 0; recall, distances and the "
        "relative volume difference are undefined, left out of every mean."
    ),
    MISSING_IN_PREDICTION: (
        "Both kinds of Dice, recall and lesion-wise F1 are 0; precision and distances are "
        "undefined, left out of every mean."
    ),
    UNKNOWN_IN_TRUTH: (
        "The truth holds a super-label whose parts were not drawn, so its parts are not scored."
    ),
    "aggregate": (
        "Mean and sample standard deviation over the scans where the score is defined; n says how "
        "many those are, left out how many they are not."
    ),
}


_Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class LabelScore:
    """The scores of one label on one scan; None where a score is undefined, and `note` says why.

    Distances are in mm, volumes in mL; `volume_difference_ml` is prediction minus truth, `rvd`
    the same in percent of the truth. `lesion_f1` is for labels that are lesions.
    `RULES` defines every field in words.
    """

    label: str
    dice: float | None
    hd100: float | None
    hd95: float | None
    assd: float | None
    nsd05: float | None
    nsd1: float | None
    precision: float | None
    recall: float | None
    lesion_f1: float | None
    volume_ml: float
    truth_ml: float | None
    volume_difference_ml: float | None
    rvd: float | None
    note: str = ""


def score(prediction: Volume, truth: Volume, scheme: LabelScheme) -> list[LabelScore]:
    """Score every label of the scheme, super-labels included, in channel order.

    Both are labelmaps (X, Y, Z) on one grid, holding values of `scheme` and 0 for the outside.
    Raises UserError when the grids differ or a value is not in the scheme.
    """
    mismatch = prediction.grid.mismatch(truth.grid)
    if mismatch:
        raise UserError(
            f"The prediction and the truth lie on different grids ({mismatch}); "
            "resample one of them onto the other's grid first."
        )
    # As NIfTI's voxels lie in memory; across it, every pass takes twice as long.
    spacing = truth.spacing[::-1]
    predicted = _Values(prediction.data.T, scheme, "prediction")
    true = _Values(truth.data.T, scheme, "truth")
    unknown = _unknown_labels(true.boxes, scheme)
    voxel_ml = abs(float(np.linalg.det(truth.affine[:3, :3]))) / 1000
    scores = []
    for label in scheme:
        box = _around(predicted.boxes_of(label.name) + true.boxes_of(label.name))
        masks = (scheme.mask(each.labelmap[box], label.name) for each in (predicted, true))
        scores.append(_score_label(label, *masks, label.name in unknown, spacing, voxel_ml))
    return scores


class _Values:
    """A labelmap with the box around each value that it has."""

    def __init__(self, labelmap: np.ndarray, scheme: LabelScheme, role: str):
        self.labelmap, self._scheme = labelmap, scheme
        self.boxes = {
            value: box for value, box in enumerate(ndimage.find_objects(labelmap), 1) if box
        }
        strange = sorted(self.boxes.keys() - {label.value for label in scheme.labels})
        if strange:
            raise UserError(
                f"The {role} holds the values {', '.join(map(str, strange))}, which the scheme "
                f"{scheme.name} does not have; choose the scheme that the labelmap was made with."
            )

    def boxes_of(self, label: str) -> list[_Box]:
        """Those of the label and of all below it."""
        values = (self._scheme[part].value for part in self._scheme.descendants(label))
        return [self.boxes[value] for value in values if value in self.boxes]


def _around(boxes: list[_Box]) -> _Box:
    """The smallest box with all of them in it; an empty one where there is none."""
    return tuple(
        slice(min(part.start for part in parts), max(part.stop for part in parts))
        for parts in zip(*boxes, strict=True)
    ) or (slice(0),)


def _unknown_labels(truth_values: Container[int], scheme: LabelScheme) -> set[str]:
    """Labels that the truth leaves open: parts of an exhaustive super-label drawn as one piece.

    A super-label that is not exhaustive has a rest of its own, so there its value is an answer.
    """
    return {
        part
        for label in scheme.labels
        if label.exhaustive and label.value in truth_values
        for part in scheme.descendants(label.name)
        if part != label.name
    }


def _score_label(
    label: Label,
    prediction: np.ndarray,
    truth: np.ndarray,
    unknown: bool,
    spacing: np.ndarray,
    voxel_ml: float,
) -> LabelScore:
    """`prediction` and `truth` are masks, cropped to the box around their union."""
    n_prediction = int(np.count_nonzero(prediction))
    if unknown:
        volume = n_prediction * voxel_ml
        return LabelScore(label.name, *[None] * 9, volume, *[None] * 3, UNKNOWN_IN_TRUTH)
    n_truth = int(np.count_nonzero(truth))
    n_both = int(np.count_nonzero(prediction & truth))
    dice = hd100 = hd95 = assd = nsd05 = nsd1 = None
    note = ""
    if n_prediction and n_truth:
        dice = 2 * n_both / (n_prediction + n_truth)
        distances = surface_distances(prediction, truth, spacing)
        hd100, hd95, assd = distances.hausdorff(), distances.hausdorff(95), distances.mean()
        nsd05, nsd1 = surface_dice(distances, 0.5), surface_dice(distances, 1)
    elif n_truth or n_prediction:
        dice = nsd05 = nsd1 = 0.0
        note = MISSING_IN_PREDICTION if n_truth else ABSENT_IN_TRUTH
    else:
        note = ABSENT_IN_BOTH
    volume, truth_volume = n_prediction * voxel_ml, n_truth * voxel_ml
    return LabelScore(
        *(label.name, dice, hd100, hd95, assd, nsd05, nsd1),
        precision=n_both / n_prediction if n_prediction else None,
        recall=n_both / n_truth if n_truth else None,
        lesion_f1=(
            lesion_f1(prediction, truth) if label.is_lesion and n_prediction + n_truth else None
        ),
        volume_ml=volume,
        truth_ml=truth_volume,
        volume_difference_ml=volume - truth_volume,
        rvd=100 * (n_prediction - n_truth) / n_truth if n_truth else None,
        note=note,
    )

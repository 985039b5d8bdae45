"""What the cells of an experiment are scored by."""

from __future__ import annotations

from .. import evaluation

METRICS = {
    **evaluation.METRICS,
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
    "violations": "Hierarchy violations",
}
# Digits behind the point, where it is not 2.
DIGITS = {**dict.fromkeys(evaluation.SHARES, 3), "ece": 4, "brier": 4, "violations": 4}

RULES = {
    **evaluation.RULES,
    "ece": (
        "Expected calibration error of a label against the rest: the mean difference between its "
        "probability and how often it is right, over the voxels of the brain's box, in 15 bins of "
        "probability. 0 is perfect; most of these voxels are easy, so it is small."
    ),
    "brier": "Mean squared difference between a label's probability and the truth, 0 or 1, there.",
    "violations": (
        "Of the voxels in which the network puts a super-label or a part of it above 0.5, the "
        "share in which a part is without its super-label, or a super-label without any of the "
        "parts that fill it; before decoding, which leaves none. Networks with a softmax over "
        "leaves cannot violate the hierarchy, and have no score."
    ),
}

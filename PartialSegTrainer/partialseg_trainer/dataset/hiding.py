"""Make a fully labelled scan a partly labelled one, as in the experiments of the paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from ..errors import UserError
from ..labels import LabelScheme, LabelSets, Status


def hide_labels(sets: LabelSets, hidden: Collection[str]) -> LabelSets:
    """The label sets as they would be if the `hidden` labels had not been annotated.

    Only what the other labels say remains: hiding all children of a super-label leaves the
    super-label known and its children unknown inside it, and a last sibling that the others
    determine stays known. Raises UserError for a label that the scheme does not have.
    """
    scheme = sets.scheme
    vectors = sets.codebook.copy()
    vectors[:, [scheme.index(name) for name in hidden]] = 2
    # The table has a row for each kind of voxel, so it is encoded as a volume of K voxels.
    remaining = LabelSets.from_multilabel(scheme, vectors.T)
    return LabelSets(scheme, np.take(remaining.codes, sets.codes), remaining.leaf_sets())


def status_after_hiding(sets: LabelSets, hidden: Collection[str] = ()) -> dict[str, Status]:
    """The status of each label, told from what is known about the voxels.

    A label known everywhere is complete, or absent where it has no voxel; one known in places is
    in progress if it has voxels. Hidden labels are not annotated.
    """
    return {
        name: Status.NOT_ANNOTATED if name in hidden else _status(sets.codebook[:, channel])
        for channel, name in enumerate(sets.scheme.names)
    }


def _status(values: np.ndarray) -> Status:
    if (values != 2).all():
        return Status.COMPLETE if (values == 1).any() else Status.ABSENT
    return Status.IN_PROGRESS if (values == 1).any() else Status.NOT_ANNOTATED


def check_hidden(scheme: LabelScheme, hidden: Collection[str], keep_full: int) -> None:
    """Raise UserError unless `hidden` are labels of the scheme and `keep_full` has a meaning."""
    for name in hidden:
        scheme.index(name)
    if keep_full < 0:
        raise UserError(
            f"keep_full (--keep-full) is {keep_full}; give the number of subjects, 0 or more."
        )
    if keep_full and not hidden:
        raise UserError(
            f"keep_full (--keep-full) is {keep_full}, but no label is hidden, so every scan stays "
            "as it is; name the labels to hide, or leave it out."
        )


def subjects_kept_full(subjects: Iterable[str], keep_full: int, seed: int) -> frozenset[str]:
    """Draw the subjects that keep all their labels; the same seed draws the same ones.

    Raises UserError when there are fewer subjects than that, and for a negative seed.
    """
    if seed < 0:
        raise UserError(f"seed is {seed}; choose 0 or a larger whole number.")
    ordered = sorted(set(subjects))
    if keep_full > len(ordered):
        raise UserError(
            f"keep_full (--keep-full) is {keep_full}, but there are only {len(ordered)} subjects; "
            "keep fewer."
        )
    drawn = np.random.default_rng(seed).choice(len(ordered), size=keep_full, replace=False)
    return frozenset(ordered[position] for position in drawn)

"""What was drawn on a scan, on the grid that a network sees it on."""

from __future__ import annotations

import numpy as np

from ..labels import LabelSets
from ..labels.encode import compact
from ..volumes import Grid, resample
from ..volumes.preprocessing import Axis, Prepared, to_slices


class Drawn:
    """The codes of a prepared scan's voxels; code 0 is the whole set of leaves, nothing known.

    `codes` is (X, Y, Z) in RAS order on the model's grid, `sets` (K, L) bool.
    """

    def __init__(self, prepared: Prepared, known: LabelSets):
        whole = np.ones((1, known.scheme.n_leaves), dtype=bool)
        sets = np.vstack([whole, known.leaf_sets()])
        codes, sets = compact(known.codes[prepared.box].astype(np.int32) + 1, sets)
        # Sorted, the whole set is the last one, where it occurs.
        if not sets[-1].all():
            sets = np.vstack([sets, whole])
        self.sets = sets[::-1].copy()
        codes = (len(sets) - 1 - codes.astype(np.int32)).astype(np.min_scalar_type(len(sets)))
        codes = _spread(codes, prepared.native, prepared.grid)
        self.codes = resample(codes, prepared.native, prepared.grid, order=0)
        self.scheme = known.scheme

    def along(self, axis: Axis) -> np.ndarray:
        """The codes as slices (S, H, W) cut along an axis."""
        return to_slices(self.codes, axis)

    def counts(self) -> np.ndarray:
        """(L,) how many voxels are known to be each leaf."""
        alone = self.sets.sum(1) == 1
        by_code = np.bincount(self.codes.ravel(), minlength=len(self.sets))
        return (self.sets & alone[:, None]).T @ by_code


def _spread(codes: np.ndarray, native: Grid, grid: Grid) -> np.ndarray:
    """What is known of a voxel, also in unknown ones beside it that one larger voxel takes in.

    Otherwise one slice that was drawn on a fine grid could lie between those of a coarser one.
    """
    spacing = np.linalg.norm(np.linalg.inv(native.affine)[:3, :3] @ grid.affine[:3, :3], axis=1)
    for axis, ratio in enumerate(spacing):
        reach = int(ratio / 2 + 0.5) if ratio > 1.01 else 0
        along = np.moveaxis(codes, axis, 0)
        source = along.copy()
        for shift in range(1, reach + 1):
            for here, there in (
                (along[shift:], source[:-shift]),
                (along[:-shift], source[shift:]),
            ):
                np.copyto(here, there, where=here == 0)
    return codes

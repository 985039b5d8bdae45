"""How probable each label is in each voxel of a scan, on its own grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..labels import LabelScheme, LabelSets
from ..labels.encode import look_up
from ..volumes import resample
from ..volumes.preprocessing import Prepared, from_slices

# Of P_S: less says nothing, and what was chosen there is taken for sure.
_LEAST = 1e-4


class LeafProbabilities:
    """What the models say of the leaves; given to `segment` as `inspect`, it keeps that.

    At the resolution of the models this takes little memory; labels on the grid of the scan are
    made of it one at a time.
    """

    def __init__(self, scheme: LabelScheme):
        self._scheme = scheme
        self._leaves: np.ndarray | None = None
        self._prepared: Prepared | None = None

    def __call__(self, leaves: np.ndarray, prepared: Prepared) -> None:
        """Keep (L, S, H, W), the probabilities in the slices of a prepared scan."""
        self._leaves, self._prepared = leaves, prepared

    def of_labels(
        self, names: Sequence[str], labelmap: np.ndarray, known: LabelSets | None = None
    ) -> Iterator[np.ndarray]:
        """The probability of one label after the other, (X, Y, Z) float32 in [0, 1].

        That of a super-label is the sum over its leaves; all are interpolated, so that labels which
        fill the image add up to 1. With `known` they are those within S, p / P_S.

        Args:
            labelmap: what was chosen, which holds where no network was asked.
            known: of the scan's voxels, in the models' scheme.
        """
        box = self._prepared.box
        if known is not None:
            sets, codes = known.leaf_sets(), np.ascontiguousarray(known.codes[box])
            total = self._within(range(self._scheme.n_leaves), sets, codes)
        for name in names:
            leaves = np.flatnonzero(self._scheme.membership[self._scheme.index(name)])
            found = self._scheme.mask(labelmap, name).astype(np.float32)
            if known is None:
                p = self._on_scan(self._leaves[leaves].sum(0, dtype=np.float32))
            else:
                p = self._within(leaves, sets, codes)
                p = np.where(total > _LEAST, p / np.maximum(total, _LEAST), found[box])
            found[box] = np.clip(p, 0, 1)
            yield found

    def _within(self, leaves: Sequence[int], sets: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """The sum over some leaves where S holds them."""
        return sum(
            self._on_scan(self._leaves[leaf].astype(np.float32)) * look_up(sets[:, leaf], codes)
            for leaf in leaves
        )

    def _on_scan(self, slices: np.ndarray) -> np.ndarray:
        seen = self._prepared
        return resample(from_slices(slices, seen.axis), seen.grid, seen.native, order=1)

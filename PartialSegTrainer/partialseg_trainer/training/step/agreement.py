"""Dice per label, counted over the voxels where the label is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...labels import LabelScheme


class Agreement:
    """How often each code met each predicted leaf; all else follows from this small table.

    Args:
        leaf_sets: (K, L) bool, the leaves still possible under each code.
    """

    def __init__(self, scheme: LabelScheme, leaf_sets: np.ndarray):
        self._scheme = scheme
        self._values = scheme.vectors(leaf_sets)
        self._counts = np.zeros(leaf_sets.shape, dtype=np.int64)

    def add(self, codes: Tensor, leaves: Tensor) -> None:
        """Count voxels: `codes` and predicted `leaves`, of one shape."""
        kinds, leaf_count = self._counts.shape
        pairs = (codes.long() * leaf_count + leaves).reshape(-1)
        counts = torch.bincount(pairs, minlength=kinds * leaf_count)
        self._counts += counts.reshape(kinds, leaf_count).cpu().numpy()

    def combine(self, total: Callable[[Tensor], Tensor]) -> None:
        """Put the `total` over several processes in the place of what this one has counted."""
        self._counts = total(torch.from_numpy(self._counts)).numpy()

    def dice(self) -> dict[str, float | None]:
        """Dice of each label; None where it is neither annotated nor predicted."""
        scores: dict[str, float | None] = {}
        for channel, name in enumerate(self._scheme.names):
            predicted = self._counts[:, self._scheme.membership[channel]].sum(axis=1)
            truth = self._values[:, channel]
            yes = truth == 1
            size = int(self._counts[yes].sum() + predicted[truth != 2].sum())
            scores[name] = 2 * int(predicted[yes].sum()) / size if size else None
        return scores

"""The table that turns codes into targets, on the device where the loss is computed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UserError
from ..labels import LabelScheme


class Codebook(nn.Module):
    """What each of K codes says, as buffers that move to the device with the network.

    Args:
        scheme: the label scheme of C labels and L leaves.
        leaf_sets: (K, L) bool, the leaves still possible under each code.

    `knows_a_leaf` says whether some code is down to one leaf. Raises UserError for another number
    of leaves, and for a code without any, which would be a contradiction.
    """

    values: Tensor
    leaf_sets: Tensor

    def __init__(self, scheme: LabelScheme, leaf_sets: np.ndarray):
        super().__init__()
        if leaf_sets.ndim != 2 or leaf_sets.shape[1] != scheme.n_leaves:
            raise UserError(
                f"Label sets of shape {leaf_sets.shape} do not fit scheme '{scheme.name}'; "
                f"expected (K, {scheme.n_leaves}), a column a leaf."
            )
        sizes = leaf_sets.sum(axis=1)
        if not sizes.all():
            raise UserError(
                f"Code {int(sizes.argmin())} leaves no leaf of scheme '{scheme.name}' possible; "
                "make the codes with LabelSets, which names the labels that contradict each other."
            )
        self.knows_a_leaf = bool((sizes == 1).any())
        self.register_buffer(
            "values", torch.from_numpy(scheme.vectors(leaf_sets)), persistent=False
        )
        self.register_buffer("leaf_sets", torch.from_numpy(leaf_sets), persistent=False)

    def multilabel(self, codes: Tensor) -> Tensor:
        """(B, C, ...) uint8 of 0, 1, 2 from (B, ...) codes; a view with the channels last."""
        return look_up(self.values, codes)

    def possible_leaves(self, codes: Tensor) -> Tensor:
        """(B, L, ...) bool from (B, ...) codes; a view with the channels last."""
        return look_up(self.leaf_sets, codes)


def look_up(table: Tensor, codes: Tensor) -> Tensor:
    """(B, X, ...) rows of a (K, X) table, one for each of (B, ...) codes; a view, channels last."""
    # Copies whole rows, in less than half the time of an index of the table.
    rows = table.index_select(0, codes.flatten().int())
    return rows.view(*codes.shape, -1).movedim(-1, 1)

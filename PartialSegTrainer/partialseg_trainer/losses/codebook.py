"""The table that turns codes into targets, on the device where the loss is computed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..labels import LabelScheme


class Codebook(nn.Module):
    """What each of K codes says, as buffers that move to the device with the network.

    Args:
        scheme: the label scheme of C labels and L leaves.
        leaf_sets: (K, L) bool, the leaves still possible under each code.
    """

    values: Tensor
    leaf_sets: Tensor

    def __init__(self, scheme: LabelScheme, leaf_sets: np.ndarray):
        super().__init__()
        self.register_buffer(
            "values", torch.from_numpy(scheme.vectors(leaf_sets)), persistent=False
        )
        self.register_buffer("leaf_sets", torch.from_numpy(leaf_sets), persistent=False)

    def multilabel(self, codes: Tensor) -> Tensor:
        """(B, C, ...) uint8 of 0, 1, 2 from (B, ...) codes; a view with the channels last."""
        return _channels_second(self.values[codes.long()])

    def possible_leaves(self, codes: Tensor) -> Tensor:
        """(B, L, ...) bool from (B, ...) codes; a view with the channels last."""
        return _channels_second(self.leaf_sets[codes.long()])


def _channels_second(gathered: Tensor) -> Tensor:
    return gathered.movedim(-1, 1)

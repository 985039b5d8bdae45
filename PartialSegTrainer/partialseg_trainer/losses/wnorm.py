"""WNORM: the network's own probabilities, made to sum to 1, are the targets of unobserved parts."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from ..labels import Label
from .unobserved import UnobservedChildLoss
from .weight import WeightOptions


class WeightNormalisedOptions(WeightOptions):
    """`normalise`: over the children of one "parent", or all parts of a "voxel" (the reference)."""

    normalise: Literal["parent", "voxel"] = "parent"


class WeightNormalised(UnobservedChildLoss):
    """WNORM (Kucheruk et al., MLHC 2025): IUC plus soft pseudo-targets that sum to 1.

        t_u = y_u / sum of y_v over the unobserved children v of the parent of u.

    With `normalise` "voxel", U and the sum are over every unobserved label below a super-label
    with x = 1, parts of parts too, as in the reference. In a hierarchy of two levels, like the
    paper's, that is the same. Computed as a softmax of log y, which is exact where y underflows.
    """

    Options = WeightNormalisedOptions
    options: WeightNormalisedOptions

    def _known_by(self, label: Label) -> str:
        if self.options.normalise == "parent":
            return super()._known_by(label)
        # Where any label above this one is 1, so is the topmost.
        return (label.name, *self.scheme.ancestors(label.name))[-1]

    def _pseudo_targets(self, logits: Tensor, unobserved: Tensor) -> Tensor:
        lowest = torch.finfo(logits.dtype).min  # not -inf: a softmax of nothing else is NaN
        log_y = functional.logsigmoid(logits).masked_fill(~unobserved, lowest)
        if self.options.normalise == "voxel":
            pseudo = log_y.softmax(1)
        else:
            pseudo = torch.zeros_like(log_y)
            for children in self._families:
                pseudo[:, children] = log_y[:, children].softmax(1)
        return pseudo if self.options.through_target else pseudo.detach()

"""Marginal focal loss: marginal cross-entropy that turns to what is not learned yet."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from .label_set import LabelSetLoss, LeafProbabilities
from .leaf_weights import LeafWeightOptions, weigh_voxels


class MarginalFocalOptions(LeafWeightOptions):
    """`gamma`: how much less a voxel counts that is right already; 0 would be `marginal_ce`.
    `weights`: as there (the alpha of Lin et al.).
    """

    gamma: float = Field(default=2.0, ge=0, allow_inf_nan=False)


class MarginalFocal(LabelSetLoss):
    """The focal loss (Lin et al., ICCV 2017), converted to label sets (Fidon et al., MICCAI 2021).

    With Phi = P_S / |S|, what each leaf of S has after marginalisation,

        -(1 - Phi)^gamma log Phi + (1 - 1/|S|)^gamma log(1/|S|),

    averaged over voxels. The second term is a constant, the value at P_S = 1: it makes a voxel
    that is right, or of which nothing is known, give 0.
    """

    Options = MarginalFocalOptions
    options: MarginalFocalOptions

    def of_leaves(self, leaves: LeafProbabilities) -> Tensor:
        least = -leaves.possible.sum(1).to(leaves.p.dtype).log()
        log_phi = leaves.log_set + least
        of_voxels = self._focal(log_phi) - self._focal(least)
        return weigh_voxels(of_voxels, leaves.possible, self.leaf_weights).mean()

    def _focal(self, log_phi: Tensor) -> Tensor:
        # Where a voxel is right this is 0, and a power below 1 of it has no derivative; nor has one
        # of what rounding leaves below 0.
        wrong = (-log_phi.expm1()).clamp_min(torch.finfo(log_phi.dtype).tiny)
        return -(wrong**self.options.gamma) * log_phi

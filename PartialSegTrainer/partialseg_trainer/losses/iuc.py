"""Ignore-Unobserved-Child: binary cross-entropy over what was observed."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ..errors import UserError
from .codebook import Codebook
from .dice import known_dice, known_dice_of_codes
from .partial import precise
from .sigmoid import SigmoidLoss


class IgnoreUnobservedChild(SigmoidLoss):
    """IUC (Kucheruk et al., MLHC 2025): a label of unknown value contributes nothing.

    For a voxel with targets x in {0, 1, 2}^C and y = sigmoid(z):

        IUC = (1 / C) * sum over labels l with x_l in {0, 1} of w_l BCE(x_l, y_l),

    averaged over voxels; unknown entries count in the denominator. It is computed on logits, so it
    needs none of the small constants that the reference adds inside its logarithms.
    """

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        return self._of_known(precise(logits), codes, codebook)

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        logits = precise(logits)
        return functional.binary_cross_entropy_with_logits(
            logits,
            (target == 1).to(logits.dtype),
            weight=(target != 2) * self._weights_like(logits),
        )


class IgnoreUnobservedChildDice(IgnoreUnobservedChild):
    """IUC plus `known_dice`, which makes up for rare structures; not in the paper."""

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        dice = known_dice_of_codes(precise(logits), codes, codebook)
        return super().of_codes(logits, codes, codebook) + dice

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        dice = known_dice(precise(logits).sigmoid(), target)
        return super()._of_multilabel(logits, target) + dice


class Supervised(IgnoreUnobservedChild):
    """Plain binary cross-entropy on fully labelled scans alone, the baseline of the paper."""

    full_scans_only = True

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        # Codes are not checked so: padding around a slice is unknown and no fault of the scan.
        if (target == 2).any():
            raise UserError(
                "The loss 'supervised' needs every label of every voxel, but the target has "
                "unknown (2) entries; choose 'iuc', or leave partial scans out."
            )
        return super().forward(logits, target)

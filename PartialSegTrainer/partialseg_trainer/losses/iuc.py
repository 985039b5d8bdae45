"""Ignore-Unobserved-Child: binary cross-entropy over what was observed."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ..errors import UserError
from .codebook import Codebook
from .partial import PartialLoss


class IgnoreUnobservedChild(PartialLoss):
    """IUC (Kucheruk et al., MLHC 2025): a label of unknown value contributes nothing.

    For a voxel with targets x in {0, 1, 2}^C and y = sigmoid(z):

        IUC = (1 / C) * sum over labels l with x_l in {0, 1} of BCE(x_l, y_l),

    averaged over voxels; unknown entries count in the denominator. It is computed on logits, so it
    needs none of the small constants that the reference adds inside its logarithms.
    """

    head = "labels"

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        return self._of_multilabel(logits, codebook.multilabel(codes))

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(
            logits.float(), (target == 1).float(), weight=(target != 2).float()
        )


class Supervised(IgnoreUnobservedChild):
    """Plain binary cross-entropy on fully labelled scans alone, the baseline of the paper."""

    full_scans_only = True

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        if (target == 2).any():
            raise UserError(
                "The loss 'supervised' needs every label of every voxel, but the target has "
                "unknown (2) entries; choose 'iuc', or leave partial scans out."
            )
        return super()._of_multilabel(logits, target)

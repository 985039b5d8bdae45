"""Losses that guess the parts of a known super-label where IUC leaves them out."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

from ..labels import Label, LabelScheme
from .binary_entropy import ChosenVoxels
from .codebook import Codebook
from .options import LossOptions
from .partial import precise
from .sigmoid import SigmoidLoss


class UnobservedChildLoss(SigmoidLoss):
    """IUC, and the cross-entropy of unobserved children against pseudo-targets t.

    With U = {u : x_u = 2 and the parent of u has x = 1},

        (1 / C) * (sum over x_l in {0, 1} of w_l BCE(x_l, y_l)
                   + sum over u in U of w_u BCE(t_u, y_u)),

    averaged over voxels (Kucheruk et al., MLHC 2025). What is unknown and not in U, such as a
    part of a structure that is unknown itself, contributes nothing: about it nothing is known.
    """

    known_by: Tensor

    def __init__(self, scheme: LabelScheme, options: LossOptions | None = None):
        super().__init__(scheme, options)
        known_by = [scheme.index(self._known_by(label)) for label in scheme]
        self.register_buffer("known_by", torch.tensor(known_by), persistent=False)
        self._families = [
            [scheme.index(child) for child in label.children] for label in scheme if label.children
        ]

    def _known_by(self, label: Label) -> str:
        """The super-label that is 1 where this label, if unknown, is in U.

        A root stands for itself: it cannot be 1 and unknown, and so never is in U.
        """
        return label.parent or label.name

    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        if logits.device.type != "cpu":
            # A GPU would have to be waited for to know in how many voxels there is something in U.
            return super().of_codes(logits, codes, codebook)
        logits = precise(logits)
        values = codebook.values
        of_code = (values == 2) & (values[:, self.known_by] == 1)
        guessed = of_code.any(1)[codes.int()]
        voxels = ChosenVoxels.apply(logits, guessed)
        unobserved = of_code.index_select(0, codes[guessed].int())
        entropy = functional.binary_cross_entropy_with_logits(
            voxels,
            self._pseudo_targets(voxels, unobserved),
            weight=unobserved * self.label_weights.to(logits.dtype),
            reduction="sum",
        )
        return self._of_known(logits, codes, codebook) + entropy / logits.numel()

    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        logits = precise(logits)
        unobserved = (target == 2) & (target[:, self.known_by] == 1)
        pseudo = self._pseudo_targets(logits, unobserved)
        return functional.binary_cross_entropy_with_logits(
            logits,
            torch.where(unobserved, pseudo, (target == 1).to(logits.dtype)),
            weight=((target != 2) | unobserved) * self._weights_like(logits),
        )

    @abstractmethod
    def _pseudo_targets(self, logits: Tensor, unobserved: Tensor) -> Tensor:
        """(B, C, ...) t in [0, 1]; read only where `unobserved`, (B, C, ...) bool, holds."""

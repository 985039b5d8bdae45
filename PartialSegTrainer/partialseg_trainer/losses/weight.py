"""WEIGHT: the network's own probability is the target of an unobserved part."""

from __future__ import annotations

from torch import Tensor

from .options import LossOptions
from .unobserved import UnobservedChildLoss


class WeightOptions(LossOptions):
    """`through_target`: whether the gradient flows through the soft target, as in the reference."""

    through_target: bool = True


class Weight(UnobservedChildLoss):
    """WEIGHT (Kucheruk et al., MLHC 2025): IUC plus soft pseudo-targets t_u = y_u.

    BCE(y_u, y_u) is the entropy of y_u, so with the gradient through the target, every unobserved
    child is driven to where it leans already. Without, its gradient is y_u - t_u = 0 and the
    training is that of IUC.
    """

    Options = WeightOptions
    options: WeightOptions

    def _pseudo_targets(self, logits: Tensor, unobserved: Tensor) -> Tensor:
        pseudo = logits.sigmoid()
        return pseudo if self.options.through_target else pseudo.detach()

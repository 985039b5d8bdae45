"""What every loss for partial labels offers to the training loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..labels import LabelScheme
from .codebook import Codebook
from .heads import Head
from .options import LossOptions


class PartialLoss(nn.Module, ABC):
    """A loss of logits against targets that may be unknown.

    `head` says what the logits are (see `heads`). `full_scans_only` marks a method that leaves
    partial scans out. `Options` is what can be set on it.
    """

    head: ClassVar[Head]
    full_scans_only: ClassVar[bool] = False
    Options: ClassVar[type[LossOptions]] = LossOptions

    def __init__(self, scheme: LabelScheme, options: LossOptions | None = None):
        super().__init__()
        self.scheme = scheme
        self.options = options or self.Options()
        self.register_buffer("membership", torch.from_numpy(scheme.membership), persistent=False)

    @property
    def out_channels(self) -> int:
        """The number of logits a voxel: C for the head "labels", L for the head "leaves"."""
        return len(self.scheme) if self.head == "labels" else self.scheme.n_leaves

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss as a scalar.

        Args:
            logits: (B, out_channels, ...), any floating type.
            target: (B, C, ...) uint8 of 0 (no), 1 (yes), 2 (unknown), with what they imply filled
                in, as LabelSets.multilabel gives it.

        Raises UserError for shapes that do not fit, and for other target values.
        """
        expected = (len(logits), len(self.scheme), *logits.shape[2:])
        if logits.shape[1] != self.out_channels or target.shape != expected:
            raise UserError(
                f"Logits {tuple(logits.shape)} and target {tuple(target.shape)} do not fit: "
                f"expected (B, {self.out_channels}, ...) and (B, {len(self.scheme)}, ...)."
            )
        strange = (target != 0) & (target != 1) & (target != 2)
        if strange.any():
            raise UserError(
                "A target holds 0 (no), 1 (yes) and 2 (unknown), but this one holds "
                f"{target[strange][0].item()} too; make it with LabelSets."
            )
        return self._of_multilabel(logits, target)

    @abstractmethod
    def of_codes(self, logits: Tensor, codes: Tensor, codebook: Codebook) -> Tensor:
        """The same value from (B, ...) codes, whose targets are looked up on the device."""

    @abstractmethod
    def _of_multilabel(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of targets that have been checked."""


def precise(logits: Tensor) -> Tensor:
    """The logits in float32, or float64 if they are that: sums over voxels overflow in half."""
    return logits if logits.dtype == torch.float64 else logits.float()

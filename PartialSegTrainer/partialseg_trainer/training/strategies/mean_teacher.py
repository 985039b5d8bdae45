"""Mean teacher: the mean of a model's own past teaches it what the annotation leaves open."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ...labels import LabelScheme
from ...losses.partial import precise
from ...runs import RunFolder
from ..material import Material
from ..material.slices import SliceStore
from ..material.split import SliceSplit
from ..run.callback import Reporter
from ..run.train import fit
from ..settings.config import TrainConfig
from ..step.module import PartialLabelTraining


def mean_teacher(
    run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter
) -> None:
    """Train once, with a teacher beside the student; the teacher becomes the model."""
    fit(run, config, material, reporter, kind=MeanTeacherTraining)


class MeanTeacherTraining(PartialLabelTraining):
    """Adds to the loss what the student lacks of agreeing with its teacher.

    The teacher is the exponential moving average of the student's weights (Tarvainen and Valpola,
    NeurIPS 2017). Both see the same augmented image. The weight of the term grows as
    exp(-5 (1 - t)^2) over the ramp, t from 0 to 1.
    """

    def __init__(
        self,
        config: TrainConfig,
        scheme: LabelScheme,
        store: SliceStore,
        split: SliceSplit,
        untold: tuple[str, ...] = (),
    ):
        super().__init__(config, scheme, store, split, untold)
        self._options = config.chosen_strategy
        average = get_ema_multi_avg_fn(self._options.decay)
        self.teacher = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.teacher.requires_grad_(False)

    @property
    def kept_network(self) -> nn.Module:
        return self.teacher.module

    def train(self, mode: bool = True) -> MeanTeacherTraining:
        super().train(mode)
        self.teacher.eval()
        return self

    def objective(self, image: Tensor, logits: Tensor, codes: Tensor) -> Tensor:
        with torch.no_grad():
            taught = self.teacher(image.contiguous(memory_format=self._layout))
        possible = self.codebook.possible_leaves(codes)
        term = disagreement(logits, taught, possible)
        return super().objective(image, logits, codes) + self._weight() * term

    def on_train_batch_end(self, _: object = None, __: object = None, number: int = 0) -> None:
        several = self.config.accumulate
        # Not after a batch that is only a part of a step.
        if several == 1 or (number + 1) % several == 0 or self.trainer.is_last_batch:
            self.teacher.update_parameters(self.network)

    def _weight(self) -> float:
        steps = self._options.ramp * self.trainer.estimated_stepping_batches
        left = max(0.0, 1 - self.global_step / steps) if steps else 0.0
        return self._options.weight * math.exp(-5 * left**2)


def disagreement(logits: Tensor, taught: Tensor, possible: Tensor) -> Tensor:
    """The cross-entropy to what a teacher says of the leaves of S, where there are several.

        -sum over k in S of q_k log p_k, q_k = p'_k / P'_S,

    with p' the softmax of `taught`, averaged over all voxels; 0 where S is one leaf, of which the
    annotation tells as much.

    Args:
        logits: (B, L, ...) of the student.
        taught: (B, L, ...) logits of the teacher.
        possible: (B, L, ...) bool, the leaves of S.
    """
    q = precise(taught).masked_fill(~possible, -torch.inf).softmax(1)
    entropy = -(q * precise(logits).log_softmax(1)).sum(1)
    return (entropy * (possible.sum(1) > 1)).mean()

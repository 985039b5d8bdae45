"""One training step and one validation pass, for Lightning to run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from ...labels import LabelScheme
from ...losses import Codebook, PartialLoss, build_loss
from ...losses.heads import leaf_logits
from ...networks import build_network, memory_layout, set_bias
from ..material.augmentation import augment
from ..material.patches import Batch, TrainingBatches, ValidationBatches
from ..material.read_ahead import ReadAhead
from ..material.sampling import epoch_order
from ..material.slices import SliceStore
from ..material.split import SliceSplit
from ..ranks.group import share, total
from ..settings.config import TrainConfig
from .agreement import Agreement
from .deep_supervision import DeepSupervision

# Of a label that is rarer than this, such as a few lesion voxels, the rest must not be forgotten.
_MOST_WEIGHT = 1000
# Those of nnU-Net (Isensee et al., Nature Methods 2021).
_MOMENTUM, _POWER = 0.99, 0.9
# Added to a step's seed.
_DROPOUT = 1 << 40


class PartialLabelTraining(lightning.LightningModule):
    """Trains a network on slices whose labels may be unknown.

    Everything random in a step follows from the seed and the step's number, so a training that
    was killed and resumed gives the same weights as one that was not (on the CPU to the last bit; a
    GPU's sums are not in a fixed order).
    """

    def __init__(
        self,
        config: TrainConfig,
        scheme: LabelScheme,
        store: SliceStore,
        split: SliceSplit,
        untold: tuple[str, ...] = (),
    ):
        super().__init__()
        self.config = config
        self.scheme = scheme
        self.untold = untold
        self.loss: PartialLoss = build_loss(config.loss, scheme, **config.loss_options)
        torch.manual_seed(config.seed)
        self._layout = memory_layout(config.network.name)
        self.network = build_network(
            in_channels=store.contrasts * config.preprocessing.channels,
            out_channels=self.loss.out_channels,
            outputs=config.chosen_strategy.outputs,
            **config.network.model_dump(),
        ).to(memory_format=self._layout)
        self.deep = None
        if config.deep_supervision:
            self.deep = DeepSupervision(self.network, self.loss.out_channels)
        self.codebook = Codebook(scheme, store.leaf_sets)
        if config.compile:
            self.network.compile()
        self._store, self._split = store, split
        self._agreement = Agreement(scheme, store.leaf_sets)
        self._expect(store.code_counts(split.training))

    def _expect(self, code_counts: np.ndarray) -> None:
        """Start from the frequencies in the annotation, and weigh labels by them.

        Otherwise the first epochs go into unlearning that every structure is everywhere (Lin et
        al., ICCV 2017, section 4.1), and frequent labels alone shape the features.
        """
        counts = torch.from_numpy(code_counts).double()
        if self.loss.head == "labels":
            values = self.codebook.values
            yes = (counts @ (values == 1).double()) + 1
            no = (counts @ (values == 0).double()) + 1
            bias = torch.log(yes / no)
            if self.config.label_weights == "frequency":
                # A label that is marked nowhere would outweigh all that can be learned.
                weights = torch.where(yes > 1, (yes + no) / yes, 1.0).clamp(max=_MOST_WEIGHT)
                self.loss.weigh_labels((weights / weights.mean()).float())
        else:
            possible = self.codebook.leaf_sets.double()
            bias = torch.log(counts @ (possible / possible.sum(1, keepdim=True)) + 1)
            bias = bias - torch.logsumexp(bias, 0)
        set_bias(self.network, bias)
        if self.deep is not None:
            self.deep.set_bias(bias)

    def train_dataloader(self) -> ReadAhead:
        split = self._split
        by_label = self.config.drawn_by_label > 0
        marked = self._store.marked(self.codebook.values.cpu().numpy()) if by_label else None
        order = epoch_order(self.config, split.full, split.partial, self.current_epoch, marked)
        batches = TrainingBatches(self._store, order, self.config, self.current_epoch, share())
        return ReadAhead(batches)

    def val_dataloader(self) -> DataLoader:
        all_batches = ValidationBatches(self._store, self._split.validation, self.config)
        # Whole batches, so that the loss of each is the same whoever computes it.
        batches = Subset(all_batches, range(len(all_batches))[share().items])
        return DataLoader(batches, batch_size=None, shuffle=False)

    def training_step(self, batch: Batch, number: int) -> Tensor:
        generator = torch.Generator(self.device)
        # The number of the batch, of which a step may take several.
        several = self.config.accumulate
        seed = self.config.seed * 1_000_003 + self.global_step * several + number % several
        generator.manual_seed(seed)
        with self._full_precision():
            image, codes = self._augmented(batch, generator)
        # Some networks drop features at random; not by the numbers that augmented their images.
        self._seed_dropout(seed + _DROPOUT * (1 + share().rank))
        with self.deep.watching(self.network) if self.deep else nullcontext():
            logits = self.network(image.contiguous(memory_format=self._layout))
        with self._full_precision():
            loss = self.objective(image, logits, codes)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss.item()} at step {self.global_step}")
        self.log(
            "training_loss",
            loss,
            on_step=False,
            on_epoch=True,
            batch_size=len(image),
            sync_dist=True,
        )
        return loss

    def _seed_dropout(self, seed: int) -> None:
        if self.device.type == "cpu":
            # `torch.manual_seed` takes 2 ms more: it notes the call for GPUs that are not in use.
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def objective(self, image: Tensor, logits: Tensor, codes: Tensor) -> Tensor:
        """What a step makes smaller, in full precision: the loss of the logits of `image`."""
        loss = self.loss.of_codes(logits, codes, self.codebook)
        if self.deep is None:
            return loss
        return self.deep.total(
            loss, codes, lambda z, numbers: self.loss.of_codes(z, numbers, self.codebook)
        )

    @property
    def kept_network(self) -> nn.Module:
        """The network that validates, and that becomes the model."""
        return self.network

    def _augmented(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        image, codes = batch["image"].float(), batch["codes"]
        slices = image.flatten(1, -3)
        slices, codes = augment(
            slices,
            codes,
            self.config.augmentation,
            generator,
            batch["sagittal"],
            share(),
            self._store.contrasts,
            self.config.contrast_dropout,
        )
        return slices.view(image.shape), codes

    def _full_precision(self) -> AbstractContextManager:
        """All but the network: in half precision positions in a slice are half a pixel off."""
        kind = self.device.type
        if not torch.is_autocast_enabled(kind):
            return nullcontext()
        return torch.autocast(kind, enabled=False)

    def on_validation_epoch_start(self) -> None:
        self._agreement = Agreement(self.scheme, self._store.leaf_sets)
        # The sum of the losses of all items, and their number.
        self._validated = torch.zeros(2, device=self.device)

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = self.logits(batch["image"].float())
        with self._full_precision():
            loss = self.loss.of_codes(logits, batch["codes"], self.codebook)
            leaves = self.leaf_logits(logits.float()).argmax(1)
        self._validated += torch.stack([loss, torch.ones_like(loss)]) * len(logits)
        self._agreement.add(batch["codes"], leaves)

    def on_validation_epoch_end(self) -> None:
        self._agreement.combine(total)
        loss, items = total(self._validated)
        loss = loss / items
        if not torch.isfinite(loss):
            # Lightning would end the training here, as if it had come to its end.
            raise FloatingPointError(f"the validation loss became {loss.item()}")
        self.log("validation_loss", loss, sync_dist=True)
        scores = [score for score in self.dice().values() if score is not None]
        self.log("validation_dice", float(np.mean(scores)) if scores else 0.0, sync_dist=True)

    def logits(self, image: Tensor) -> Tensor:
        """Logits of whole slices (B, C, H, W), or of blocks (B, 1, S, H, W) of any size."""
        image = image.contiguous(memory_format=self._layout)
        if self.config.network.dimensions == 2:
            return self.kept_network(image)
        # Here, because only the networks that see blocks come with MONAI.
        from ...networks.windows import over_windows

        return over_windows(image, self.config.patch, self.kept_network)

    def leaf_logits(self, logits: Tensor) -> Tensor:
        """Logits of the leaves (B, L, ...), as a model of these settings decodes them."""
        decoding = self.config.decoding
        return leaf_logits(logits, self.loss.head, self.scheme, decoding, self.untold)

    def dice(self) -> dict[str, float | None]:
        """Dice per label over the slices of the last validation pass."""
        return self._agreement.dice()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["validation_dice_by_label"] = self.dice() if self._split.validation.size else {}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        head = list(self.network.head.parameters())
        rest = [
            weights for weights in self.network.parameters() if all(weights is not h for h in head)
        ]
        if self.deep is not None:
            rest += self.deep.parameters()
        rate = self.config.learning_rate
        rates = [rate, rate * self.config.head_rate]
        groups = [{"params": rest, "lr": rates[0]}, {"params": head, "lr": rates[1]}]
        optimizer = self._optimizer(groups)
        if self.config.schedule == "constant":
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        if self.config.schedule == "poly":
            schedule = torch.optim.lr_scheduler.PolynomialLR(optimizer, steps, power=_POWER)
        else:
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=rates, total_steps=steps
            )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _optimizer(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        decay = self.config.weight_decay
        if self.config.optimizer == "sgd":
            return torch.optim.SGD(groups, momentum=_MOMENTUM, nesterov=True, weight_decay=decay)
        return torch.optim.AdamW(groups, weight_decay=decay) if decay else torch.optim.Adam(groups)

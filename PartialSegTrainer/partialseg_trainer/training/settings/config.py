"""Everything that decides a training, in one file that is checked before it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ...files import checked
from ...losses import loss_head
from ...methods import method_names, sampling_names, strategy_names
from ...models import Decoding, NetworkSettings
from ...volumes.preprocessing import Preprocessing
from .loss_choice import LossName, LossOptions
from .strategy_options import StrategyOptions, strategy_options

# In place of the defaults below, for a network that sees blocks.
_OF_BLOCKS = {"patch": (64, 64, 64), "batch_size": 2}

# Networks whose decoder has levels that can be asked.
_WITH_DECODER = ("unet", "dynunet")

# Ahead of 0 in each of three draws of two full scans (Docs/results.md).
_LABEL_SHARE = 0.33


class Augmentation(BaseModel):
    """Random changes of the training slices; 0 or false switches one off.

    `rotation` degrees, `scale` and `shear` as fractions, `displacement` of the elastic grid in
    pixels: all the half-width of a uniform range or a standard deviation. `tone` bends the
    intensity curve, `bias` is the field's log amplitude, `noise` the largest standard deviation.
    `blur` and `head` are probabilities: of a coarser resolution, and of rings like skull and scalp
    around a brain whose background is empty. `inversion` is the probability that bright and dark
    change places, for scans of the opposite contrast. `flip` mirrors left and right.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    flip: bool = True
    rotation: float = Field(default=15.0, ge=0)
    scale: float = Field(default=0.15, ge=0, lt=1)
    shear: float = Field(default=0.05, ge=0)
    displacement: float = Field(default=2.0, ge=0)
    tone: float = Field(default=0.1, ge=0)
    bias: float = Field(default=0.2, ge=0)
    noise: float = Field(default=0.05, ge=0)
    blur: float = Field(default=0.2, ge=0, le=1)
    head: float = Field(default=0.0, ge=0, le=1)
    inversion: float = Field(default=0.0, ge=0, le=1)


class TrainConfig(BaseModel):
    """The settings of a training; by default those that held on scans from elsewhere.

    The network is the paper's. The paper has no augmentation, patches, `label_weights` ("frequency"
    weighs the labels of IUC by how rare they are), `head_rate` (the learning rate of the last
    layer, as a multiple of the others') or "balanced" `sampling`, and trains for 200 epochs with a
    constant rate of 0.005; the experiment preset `paper` has its settings.

    `loss` is any name that `losses.build_loss` takes, and `loss_options` are the options of that
    loss (`Docs/methods.md` tells them). Loss, strategy and sampling are by default those that
    `methods` names first; the strategy of another loss that is chosen is "plain".

    `decoding` is how a leaf is chosen from the labels of a sigmoid loss (see `losses.heads`); that
    of Kucheruk et al. is "paper".

    `strategy` is any name of `methods.strategy_names()`: how the training is put together, with
    `strategy_options` of its own (`Docs/methods.md` tells these too).

    `contrast_dropout` is how likely each contrast of several is kept from the network in an item;
    one at least is shown. A model that learned so segments scans that lack one.

    `patch` is the (H, W) cut from each slice, in pixels; for a network that sees blocks, (S, H, W).
    `slices_per_epoch` None means as many as there are. `sampling`: "balanced" draws a share
    `full_share` of every epoch from fully labelled scans; "uniform" draws all slices alike;
    "reference" shows partial scans first and full ones last in each epoch, as the paper's code
    does. A share `label_share` of the slices is drawn by label instead: a label, each as likely as
    any other, then a slice in which it is marked, so that small structures are seen more often
    (nnU-Net draws a third of its patches in this spirit); None is a third with "balanced", and none
    with the others.

    `schedule` "one_cycle" warms the learning rate up and anneals it to zero over all epochs; "poly"
    lowers it to zero by (1 - t)^0.9, t from 0 to 1 (Chen et al., DeepLab, PAMI 2018). `optimizer`
    "sgd" has a momentum of 0.99, Nesterov's; nnU-Net has both, and a learning rate of 0.01.
    `gradient_clip` is the largest norm of the gradient of all weights together, longer ones are
    shortened to it (Pascanu et al., ICML 2013); `weight_decay` is that of AdamW (Loshchilov and
    Hutter, ICLR 2019), which shrinks the weights by learning rate times decay a step, or the L2
    penalty of SGD; 0 is without either. `accumulate` is how many batches make a step, where so many
    slices do not fit into memory at once. `deep_supervision` adds the loss of the coarser levels of
    the decoder, each with half the weight of the finer one (Lee et al., AISTATS 2015); what
    they need beside the network is no part of the model. `loggers` are Lightning's own, "csv" and
    "tensorboard", which write the scores into `logs` in the run's folder.

    `monitor` says which epoch's weights stay: the "last", which is the best one where the rate is
    annealed, and all that can be said where validation scans know little of what is to be learned;
    or those of the lowest "validation_loss" or highest "validation_dice", with an end after
    `patience` epochs without a better one. `validation_slices` limits the slices scored an epoch;
    the two fractions hold for subjects to which the dataset's participants.tsv gives no `split`.

    `devices` is how many processes on this computer train together, each on a device of its own:
    "auto" has one for each GPU. torchrun and srun decide that themselves. `batch_size` is that of
    all of them together.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    dataset: Path
    name: str = "model"
    loss: LossName = method_names()[0]
    loss_options: LossOptions = {}
    strategy: str = strategy_names()[0]
    strategy_options: dict[str, Any] = {}
    decoding: Decoding = "tree"
    network: NetworkSettings = NetworkSettings()
    preprocessing: Preprocessing = Preprocessing()
    augmentation: Augmentation = Augmentation()
    contrast_dropout: float = Field(default=0.0, ge=0, lt=1)
    patch: tuple[int, ...] = (96, 128)
    batch_size: int = Field(default=12, ge=1)
    learning_rate: float = Field(default=4e-3, gt=0)
    head_rate: float = Field(default=1.0, gt=0)
    schedule: Literal["constant", "one_cycle", "poly"] = "one_cycle"
    optimizer: Literal["adam", "sgd"] = "adam"
    accumulate: int = Field(default=1, ge=1)
    deep_supervision: bool = False
    gradient_clip: float = Field(default=0.0, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    epochs: int = Field(default=15, ge=1, le=1_000_000)
    slices_per_epoch: int | None = Field(default=1200, ge=1)
    patience: int = Field(default=30, ge=1)
    monitor: Literal["last", "validation_loss", "validation_dice"] = "last"
    validation_fraction: float = Field(default=0.1, ge=0, lt=1)
    test_fraction: float = Field(default=0.0, ge=0, lt=1)
    validation_slices: int = Field(default=256, ge=1)
    label_weights: Literal["none", "frequency"] = "frequency"
    sampling: Literal["balanced", "uniform", "reference"] = sampling_names()[0]
    full_share: float = Field(default=0.5, gt=0, lt=1)
    label_share: float | None = Field(default=None, ge=0, lt=1)
    initial_model: Path | None = None
    seed: int = Field(default=0, ge=0)
    device: str = "auto"
    devices: PositiveInt | Literal["auto"] = 1
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    compile: bool = False
    loggers: tuple[Literal["csv", "tensorboard"], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _strategy_of_the_loss(cls, content: Any) -> Any:
        """A loss that is asked for trains by itself, unless more is asked for."""
        chosen = isinstance(content, dict) and content.get("loss", method_names()[0])
        if chosen and chosen != method_names()[0] and "strategy" not in content:
            return {**content, "strategy": "plain"}
        return content

    @field_validator("strategy")
    @classmethod
    def _known_strategy(cls, name: str, info: ValidationInfo) -> str:
        options = strategy_options(name, {})
        loss = info.data.get("loss")
        if loss is not None and options.needs_head not in (None, loss_head(loss)):
            other = {
                "leaves": "a loss over a softmax of leaves, such as marginal_ce",
                "labels": "a loss with a sigmoid for each label, such as iuc",
            }
            raise ValueError(
                f"expected one that fits the loss '{loss}', or {other[options.needs_head]}"
            )
        return name

    @field_validator("strategy_options")
    @classmethod
    def _options_of_the_strategy(
        cls, options: dict[str, Any], info: ValidationInfo
    ) -> dict[str, Any]:
        if "strategy" in info.data:
            strategy_options(info.data["strategy"], options)
        return options

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
            raise ValueError("expected one of auto, cpu, mps, cuda, or cuda:1 for the second GPU")
        return device

    @model_validator(mode="after")
    def _blocks_are_smaller(self) -> TrainConfig:
        """What a network that sees blocks has where nothing is said: it needs far more memory."""
        if self.network.dimensions == 3:
            for name, value in _OF_BLOCKS.items():
                if name not in self.model_fields_set:
                    setattr(self, name, value)
        return self

    @model_validator(mode="after")
    def _patch_fits_network(self) -> TrainConfig:
        dimensions, divisor = self.network.dimensions, self.network.divisor
        if len(self.patch) != dimensions:
            raise ValueError(
                f"patch {self.patch} must be {dimensions} numbers for '{self.network.name}', such "
                f"as {' '.join(['64'] * dimensions)}"
            )
        if any(size < divisor or size % divisor for size in self.patch):
            raise ValueError(f"patch {self.patch} must be multiples of {divisor} for this depth")
        if dimensions == 3 and max(self.patch) == divisor:
            raise ValueError(
                f"patch {self.patch} leaves one voxel at the lowest level; one side must be larger"
            )
        return self

    @model_validator(mode="after")
    def _preprocessing_fits_network(self) -> TrainConfig:
        if self.network.dimensions == 3 and self.preprocessing.channels > 1:
            raise ValueError(
                f"'{self.network.name}' sees blocks, so preprocessing.neighbours must be 0"
            )
        if self.network.dimensions == 3 and self.preprocessing.axis == "all":
            raise ValueError(
                f"'{self.network.name}' sees blocks, so preprocessing.axis must be one of the three"
            )
        return self

    @model_validator(mode="after")
    def _deep_supervision_fits(self) -> TrainConfig:
        if not self.deep_supervision:
            return self
        if self.network.name not in _WITH_DECODER or self.network.depth < 3:
            raise ValueError(
                f"deep_supervision needs a network of 3 or more levels with a decoder "
                f"({', '.join(_WITH_DECODER)}), not '{self.network.name}' of {self.network.depth}"
            )
        if self.chosen_strategy.outputs != "together":
            raise ValueError(
                f"deep_supervision needs a network with all labels, which the strategy "
                f"'{self.strategy}' has not; set one of them otherwise"
            )
        if self.compile:
            raise ValueError("deep_supervision and compile do not go together; leave one out")
        return self

    @property
    def chosen_strategy(self) -> StrategyOptions:
        """The options of the strategy, those that are not given as they are by default."""
        return strategy_options(self.strategy, self.strategy_options)

    @property
    def thickness(self) -> int:
        """How many slices the network labels at once: 1, or those of a block."""
        return self.patch[0] if self.network.dimensions == 3 else 1

    @property
    def drawn_by_label(self) -> float:
        """The share of slices drawn by label: `label_share`, or what it is by default."""
        if self.label_share is not None:
            return self.label_share
        return _LABEL_SHARE if self.sampling == "balanced" else 0.0

    def stage(self, **changes: Any) -> TrainConfig:
        """The settings of a stage of the strategy: those of one training, with some changed."""
        plain = {"strategy": "plain", "strategy_options": {}}
        return self.model_copy(update={**plain, **changes})

    @classmethod
    def checked(cls, content: dict[str, Any], origin: str = "the settings") -> TrainConfig:
        """Build from plain content. Raises UserError naming the first wrong field."""
        return checked(content, cls, origin)

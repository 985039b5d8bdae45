"""The description in a model folder: model.json."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveInt,
    field_validator,
    model_serializer,
    model_validator,
)

from ..dataset.contrast import checked_contrasts, one_or_several
from ..errors import UserError
from ..files import read_checked
from ..limits import GRID
from ..volumes.preprocessing import Preprocessing
from .network import NetworkSettings

INFO_FILE, WEIGHTS_FILE, CARD_FILE, PREVIEW_FILE = (
    *("model.json", "weights.safetensors"),
    *("MODEL_CARD.md", "preview.png"),
)

# What the channels of a network are: a sigmoid for each of the C labels, or one softmax over the
# L leaves.
Head = Literal["labels", "leaves"]
Decoding = Literal["tree", "sum", "paper"]
# All channels of one network, a network for each, or one that is told which channel is asked for.
Outputs = Literal["together", "separate", "conditional"]


class ModelInfo(BaseModel):
    """The content of model.json.

    `head` says what the network's channels are: "labels" (a sigmoid each) or "leaves" (a softmax);
    `decoding` is how a leaf is chosen from labels (see `losses.heads`).
    `strategy` is how its training was put together; `outputs` is how the network has its channels.
    `patch` is the (S, H, W) of the blocks that a 3D network learned from, and that it is shown.
    `contrast` is that of the scans it learned from, a suffix of BIDS such as T2w; where they had
    several, `contrasts` are theirs, in order, in place of it. `contrast_dropout` is how likely each
    of them was to be kept from the network in training; where that is 0, it needs all of them.
    `untold` are the labels of the scheme that the training scans did not show: the model never
    finds them, and says nothing of them.
    `least_confidence` is the mean confidence that it has in every label of a scan that it knows;
    scans with less are told of. None where nobody measured it.
    `centres` are where the middle of each structure lies in an upright head, in mm to the right,
    the front and the top of any point; one that lies otherwise is turned (`inference.showing`).
    Empty where scans are to be taken as they lie. `smoothing`, in mm, is by how much scans are
    smoothed of which the model is surer then; 0 if none is to be.
    `scores` holds tables of Dice per label under the name of what they were measured on.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    title: str = ""
    date: str
    loss: str
    strategy: str = "plain"
    head: Head
    decoding: Decoding = "tree"
    outputs: Outputs = "together"
    network: NetworkSettings
    preprocessing: Preprocessing
    patch: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    scheme: dict[str, Any]
    untold: tuple[str, ...] = ()
    contrast: str = "T2w"
    contrasts: tuple[str, ...] = ()
    contrast_dropout: float = Field(0, ge=0, lt=1)
    training_data: str
    least_confidence: float | None = Field(None, gt=0, lt=1)
    centres: dict[str, tuple[FiniteFloat, FiniteFloat, FiniteFloat]] = {}
    smoothing: float = Field(0, ge=0, le=5)
    scores: dict[str, dict[str, float | None]] = {}
    licence: str = "not stated"
    versions: dict[str, str] = {}
    weights_sha256: str = ""

    @field_validator("contrasts")
    @classmethod
    def _suffixes(cls, contrasts: tuple[str, ...]) -> tuple[str, ...]:
        return checked_contrasts(contrasts)

    @model_validator(mode="after")
    def _all_contrasts(self) -> ModelInfo:
        self.contrasts = self.contrasts or (self.contrast,)
        self.contrast = self.contrasts[0]
        return self

    @model_serializer(mode="wrap")
    def _as_it_is_written(self, written: Any) -> dict[str, Any]:
        content = one_or_several(written(self), "contrast", "contrasts")
        if not self.contrast_dropout:
            content.pop("contrast_dropout", None)
        return content

    @model_validator(mode="after")
    def _blocks_have_a_size(self) -> ModelInfo:
        if (self.patch is None) != (self.network.dimensions == 2):
            raise ValueError("patch must be given for a network that sees blocks, and for no other")
        if self.patch is not None:
            GRID.check(math.prod(self.patch) / 1e6, "A block of the patch has")
        return self

    @property
    def channels(self) -> int:
        """How many slices, or blocks, the network is shown together: those of each contrast."""
        return len(self.contrasts) * self.preprocessing.channels

    @property
    def of_contrasts(self) -> str:
        """Its contrasts in words, such as "T2w and T1w"."""
        *others, last = self.contrasts
        return f"{', '.join(others)} and {last}" if others else last

    @property
    def seen(self) -> str:
        """What the network is shown, in words such as "axial slices"."""
        if self.patch is not None:
            return f"blocks of {' x '.join(map(str, self.patch))} voxels"
        *others, last = self.preprocessing.axes
        axes = f"{', '.join(others)} and {last}" if others else last
        count = self.preprocessing.neighbours
        beside = f" with {count} neighbour{'s' * (count > 1)} on either side" if count else ""
        return f"{axes} slices{beside}"


def read_info(folder: str | Path) -> ModelInfo:
    """The description of a model, without its weights.

    Raises UserError when the folder holds no valid model.json.
    """
    folder = Path(folder)
    if not (folder / INFO_FILE).is_file():
        raise UserError(
            f"{folder} is not a model folder: it has no {INFO_FILE}; name the folder that a "
            "training left as model/."
        )
    return read_checked(folder / INFO_FILE, ModelInfo)

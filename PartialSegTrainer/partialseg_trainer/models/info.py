"""The description in a model folder: model.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import UserError
from ..files import read_checked
from ..volumes.preprocessing import Preprocessing

INFO_FILE, WEIGHTS_FILE, CARD_FILE, PREVIEW_FILE = (
    *("model.json", "weights.safetensors"),
    *("MODEL_CARD.md", "preview.png"),
)

# What the channels of a network are: a sigmoid for each of the C labels, or one softmax over the
# L leaves.
Head = Literal["labels", "leaves"]


class NetworkSettings(BaseModel):
    """Which network, and how large."""

    model_config = ConfigDict(extra="forbid")

    name: str = "unet"
    width: int = Field(default=16, ge=1)
    depth: int = Field(default=5, ge=1, le=8)


class ModelInfo(BaseModel):
    """The content of model.json.

    `head` says what the network's channels are: "labels" (a sigmoid each) or "leaves" (a softmax).
    `scores` holds tables of Dice per label under the name of what they were measured on.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    title: str = ""
    date: str
    loss: str
    head: Head
    network: NetworkSettings
    preprocessing: Preprocessing
    scheme: dict[str, Any]
    training_data: str
    scores: dict[str, dict[str, float | None]] = {}
    licence: str = "not stated"
    versions: dict[str, str] = {}
    weights_sha256: str = ""


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

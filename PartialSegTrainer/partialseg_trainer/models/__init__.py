"""Models on disk, without their weights: what one is, where they are kept, which there are."""

from .adoption import use_model
from .info import (
    CARD_FILE,
    INFO_FILE,
    PREVIEW_FILE,
    WEIGHTS_FILE,
    Decoding,
    Head,
    ModelInfo,
    Outputs,
    read_info,
)
from .network import NETWORK_KINDS, NetworkKind, NetworkSettings
from .packing import install_model, pack_model
from .places import default_model, find_model, list_models, user_models

__all__ = [
    "CARD_FILE",
    "INFO_FILE",
    "NETWORK_KINDS",
    "PREVIEW_FILE",
    "WEIGHTS_FILE",
    "Decoding",
    "Head",
    "ModelInfo",
    "NetworkKind",
    "NetworkSettings",
    "Outputs",
    "default_model",
    "find_model",
    "install_model",
    "list_models",
    "pack_model",
    "read_info",
    "use_model",
    "user_models",
]

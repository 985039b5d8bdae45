"""Training on full and partial labels, in a run folder that outlives whoever started it."""

from .config import Augmentation, TrainConfig
from .strategies import train
from .train import prepare_run

__all__ = ["Augmentation", "TrainConfig", "prepare_run", "train"]

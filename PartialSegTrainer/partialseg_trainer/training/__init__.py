"""Training on full and partial labels, in a run folder that outlives whoever started it."""

from .config import Augmentation, TrainConfig
from .train import prepare_run, train

__all__ = ["Augmentation", "TrainConfig", "prepare_run", "train"]

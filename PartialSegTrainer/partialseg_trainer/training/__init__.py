"""Training on full and partial labels, in a run folder that outlives whoever started it."""

from .run.train import prepare_run
from .settings.config import Augmentation, TrainConfig
from .strategies import train

__all__ = ["Augmentation", "TrainConfig", "prepare_run", "train"]

"""Lightning's own loggers, for who follows many trainings by other programs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from ...errors import UserError

_FOLDER = "logs"


def loggers(run: Path, names: Sequence[str]) -> list[Logger]:
    """The loggers of a run's folder; each time that it goes on they begin a new version."""
    made: list[Logger] = []
    for name in dict.fromkeys(names):
        if name == "csv":
            made.append(CSVLogger(run / _FOLDER, name=name))
        else:
            made.append(TensorBoardLogger(run / _FOLDER, name=name, default_hp_metric=False))
    return made


def check_loggers(names: Sequence[str]) -> None:
    """Raise UserError for a logger whose package is not installed."""
    packages = ("tensorboard", "tensorboardX")
    if "tensorboard" in names and not any(find_spec(package) for package in packages):
        raise UserError(
            "The logger 'tensorboard' needs the package tensorboard, which is not installed; run "
            "pip install 'partialseg-trainer[tensorboard]', or choose csv."
        )

"""One training on all scans that the loss can use."""

from __future__ import annotations

from ...runs import RunFolder
from ..material import Material
from ..run.callback import Reporter
from ..run.train import fit
from ..settings.config import TrainConfig


def plain(run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter) -> None:
    """Train once."""
    fit(run, config, material, reporter)

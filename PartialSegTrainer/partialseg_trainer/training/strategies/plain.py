"""One training on all scans that the loss can use."""

from __future__ import annotations

from ...runs import RunFolder
from ..callback import Reporter
from ..config import TrainConfig
from ..material import Material
from ..train import fit


def plain(run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter) -> None:
    """Train once."""
    fit(run, config, material, reporter)

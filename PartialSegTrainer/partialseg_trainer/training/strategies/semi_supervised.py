"""Semi-supervised: a model of the full scans labels the others, and learns from all of them."""

from __future__ import annotations

from ...runs import RunFolder
from ..material import Material
from ..run.callback import Reporter
from ..run.predicted_labels import pseudo_labelled
from ..run.stages import StageReporter, train_stage
from ..run.train import fit
from ..settings.config import TrainConfig


def semi_supervised(
    run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter
) -> None:
    """Train on the full scans, label the partial ones, and train on from there: one round.

    The baseline of Kucheruk et al. (MLHC 2025), with its correction by the known super-label.
    """
    first = train_stage(
        run,
        "full-scans",
        "full scans",
        config.stage(),
        material.of_full_scans(),
        reporter,
        after=1,
    )
    labelled = pseudo_labelled(run, [first], material, config.device, reporter)
    onwards = config.model_copy(update={"initial_model": first})
    fit(run, onwards, labelled, StageReporter(reporter, run, "all scans"))

"""Pseudo-labels: an ensemble labels what is unknown, and the model learns from that."""

from __future__ import annotations

from ...losses import build_loss
from ...runs import RunFolder
from ..material import Material
from ..run.callback import Reporter
from ..run.predicted_labels import pseudo_labelled
from ..run.stages import StageReporter, train_stage
from ..run.train import fit
from ..settings.config import TrainConfig


def pseudo_labels(
    run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter
) -> None:
    """Train an ensemble, let it label the partial scans, and train on all of them.

    With three members and a marginal loss the best of the six strategies that Phitidis et al.
    compare (arXiv 2601.20503, 2026). The members differ by their seeds, and begin from scratch; an
    initial model is where the last training begins.
    """
    options = config.chosen_strategy
    if build_loss(options.loss, material.scheme, **options.loss_options).full_scans_only:
        known = material.of_full_scans()
    else:
        known = material
    teachers = [
        train_stage(
            run,
            f"teacher-{member}",
            f"teacher {member} of {options.members}",
            config.stage(
                loss=options.loss,
                loss_options=options.loss_options,
                initial_model=None,
                seed=config.seed + member,
            ),
            known,
            reporter,
            after=options.members - member + 1,
        )
        for member in range(1, options.members + 1)
    ]
    labelled = pseudo_labelled(run, teachers, material, config.device, reporter)
    fit(run, config, labelled, StageReporter(reporter, run, "student"))

"""Self-training: a model labels what is unknown within what was drawn, and goes on with that."""

from __future__ import annotations

from ...losses import build_loss
from ...runs import RunFolder
from ..material import Material
from ..run.callback import Reporter
from ..run.predicted_labels import pseudo_labelled
from ..run.stages import StageReporter, train_stage
from ..run.train import fit
from ..settings.config import TrainConfig


def self_training(
    run: RunFolder, config: TrainConfig, material: Material, reporter: Reporter
) -> None:
    """Train on all scans, label what is unknown in them within S, and train on from there.

    Self-training (Scudder, IEEE Transactions on Information Theory 1965) with the correction of
    Kucheruk et al. (MLHC 2025): each label is the most probable leaf that the annotation leaves
    possible. Unlike the paper's semi-supervised baseline, the first model learns from partial scans
    too, where the loss can, so that no fully labelled scan is needed; and rounds can be repeated.
    Where every scan is known, the second training goes on with the same labels.
    """
    loss = build_loss(config.loss, material.scheme, **config.loss_options)
    known = material.of_full_scans() if loss.full_scans_only else material
    rounds = config.chosen_strategy.rounds
    first = train_stage(
        run, "first", "first training", config.stage(), known, reporter, after=rounds
    )
    for number in range(1, rounds + 1):
        labelled = pseudo_labelled(run, [first], material, config.device, reporter, round=number)
        onwards = {"initial_model": first}
        if number == rounds:
            told = StageReporter(reporter, run, "own labels")
            fit(run, config.model_copy(update=onwards), labelled, told)
        else:
            name, words = f"round-{number}", f"round {number} of {rounds}"
            stage = config.stage(**onwards)
            first = train_stage(run, name, words, stage, labelled, reporter, after=rounds - number)

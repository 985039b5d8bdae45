"""Tells the run folder how a training goes, and the training when to stop."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

import lightning

from ...runs.metrics import Value
from ..ranks.group import any_rank
from ..step.module import PartialLabelTraining

_log = logging.getLogger(__name__)

_STEPS_TO_TELL_BY = 5


class StoppedOnRequest(Exception):
    """Somebody asked for a clean stop; the last checkpoint is where to resume."""


class Reporter(Protocol):
    """Where a training says how it goes: a RunReporter, or that of a stage.

    `stages_after` is how many trainings of the same length the run has still to do after this one.
    """

    @property
    def stop_requested(self) -> bool: ...

    @property
    def stages_after(self) -> int: ...

    def update(self, **fields: Any) -> None: ...

    def metrics(self, row: Mapping[str, Value]) -> None: ...

    def resume_at(self, epoch: int) -> None: ...


class Silence:
    """The Reporter of a process that leaves reporting to the first of those it trains with."""

    stop_requested = False
    stages_after = 0

    def update(self, **fields: Any) -> None: ...

    def metrics(self, row: Mapping[str, Value]) -> None: ...

    def resume_at(self, epoch: int) -> None: ...


class ReportProgress(lightning.Callback):
    """Writes progress after every step and a row of metrics after every epoch."""

    def __init__(self, reporter: Reporter):
        self._reporter = reporter
        self._on_sigterm = signal.getsignal(signal.SIGTERM)
        self._began = time.monotonic()
        self._first_step = 0
        self._epoch_began = self._began

    def on_train_start(self, trainer: lightning.Trainer, module: PartialLabelTraining) -> None:
        if threading.current_thread() is threading.main_thread():
            # Lightning has put its own before it, which talks to the other processes while these
            # may be about something else, and then all wait for ever.
            signal.signal(signal.SIGTERM, self._on_sigterm)
        self._reporter.resume_at(trainer.current_epoch)
        self._began = time.monotonic()
        self._first_step = trainer.global_step
        self._reporter.update(
            stage="training", epoch=trainer.current_epoch, epochs=trainer.max_epochs, message=""
        )

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, module: PartialLabelTraining
    ) -> None:
        self._epoch_began = time.monotonic()

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        done = trainer.global_step - self._first_step
        a_step = trainer.accumulate_grad_batches
        steps = trainer.max_epochs * math.ceil(trainer.num_training_batches / a_step)
        left = steps * (1 + self._reporter.stages_after) - trainer.global_step
        told: dict[str, Any] = {"step": trainer.global_step}
        # The first steps of a process are slower than those that follow.
        if done >= min(_STEPS_TO_TELL_BY, steps - self._first_step):
            pace = (time.monotonic() - self._began) / done
            told["eta_seconds"] = round(left * pace, 1)
        self._reporter.update(**told)
        if any_rank(self._reporter.stop_requested):
            raise StoppedOnRequest

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: PartialLabelTraining) -> None:
        shown = {
            name: round(float(value), 6)
            for name, value in trainer.callback_metrics.items()
            if name in ("training_loss", "validation_loss", "validation_dice")
        }
        scores = module.dice() if "validation_dice" in shown else {}
        row = {
            "epoch": trainer.current_epoch,
            **shown,
            **{f"dice_{name}": None if x is None else round(x, 4) for name, x in scores.items()},
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "seconds": round(time.monotonic() - self._epoch_began, 2),
        }
        self._reporter.metrics(row)
        self._reporter.update(epoch=trainer.current_epoch + 1, metrics=shown)
        _log.info(
            "Epoch %d of %d: %s; %.1f s",
            trainer.current_epoch + 1,
            trainer.max_epochs,
            ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in shown.items()),
            row["seconds"],
        )

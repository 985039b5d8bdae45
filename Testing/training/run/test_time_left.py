"""How long a training will take is said after its first steps, for all of its stages."""

from types import SimpleNamespace

import pytest

from partialseg_trainer.runs import RunFolder
from partialseg_trainer.training.run.callback import ReportProgress, Silence
from partialseg_trainer.training.run.stages import StageReporter


class Listening(Silence):
    def __init__(self):
        self.told = {}

    def update(self, **fields):
        self.told |= fields


@pytest.mark.parametrize("after", [0, 2])
def test_it_counts_the_stages_to_come(tmp_path, monkeypatch, after):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    whole = Listening()
    progress = ReportProgress(StageReporter(whole, RunFolder(tmp_path), "first", after))
    trainer = SimpleNamespace(
        max_epochs=2,
        num_training_batches=12,
        accumulate_grad_batches=1,
        current_epoch=0,
        global_step=0,
    )
    progress._began = clock.now
    for step in range(1, 6):
        assert "eta_seconds" not in whole.told, "a pace of a few steps says nothing"
        clock.now, trainer.global_step = clock.now + 7, step
        progress.on_train_batch_end(trainer)
    assert whole.told["eta_seconds"] == pytest.approx((24 * (1 + after) - 5) * 7)

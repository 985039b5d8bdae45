"""Trainings that are stages of a longer one: each has a run folder within that of the whole."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...runs import RunFolder, RunState, RunStatus, read_status
from ...runs.metrics import Value, append_metrics, drop_metrics_from
from ...runs.status import write_status
from ..material import Material
from ..ranks.group import once
from ..settings.config import TrainConfig
from .callback import Reporter, StoppedOnRequest
from .train import fit

_log = logging.getLogger(__name__)


class StageReporter:
    """Reports a stage in the status of the whole run, and its metrics in the folder `run`.

    `words` say which stage it is, such as "teacher 2 of 3"; `after` is how many follow it.
    """

    def __init__(self, whole: Reporter, run: RunFolder, words: str, after: int = 0):
        self._whole, self._run, self._words = whole, run, words
        self.stages_after = after

    @property
    def stop_requested(self) -> bool:
        return self._whole.stop_requested

    def update(self, **fields: Any) -> None:
        if "stage" in fields:
            fields["stage"] = f"{self._words}: {fields['stage']}"
        self._whole.update(**fields)

    def metrics(self, row: Mapping[str, Value]) -> None:
        append_metrics(self._run, row)

    def resume_at(self, epoch: int) -> None:
        drop_metrics_from(self._run, epoch)


def train_stage(
    run: RunFolder,
    name: str,
    words: str,
    config: TrainConfig,
    material: Material,
    reporter: Reporter,
    *,
    after: int,
    new_head: bool = False,
) -> Path:
    """The folder of a stage's model, trained unless it is there already.

    `after` is how many stages follow it. It goes on from its last checkpoint if it has one, and
    `<run>/stages/<name>` is a run folder like any other. Raises StoppedOnRequest when somebody
    asked for a stop before its end.
    """
    stage = RunFolder(run.stages / name)

    def begin() -> None:
        if not stage.path.exists():
            RunFolder.create(stage.path, config.model_dump(mode="json"))

    once(begin)
    if read_status(stage).state is not RunState.FINISHED:
        _log.info("Now %s", words)
        told = StageReporter(reporter, stage, words, after)
        if not fit(stage, config, material, told, new_head=new_head):
            raise StoppedOnRequest
        once(lambda: write_status(stage, RunStatus(state=RunState.FINISHED)))
    return stage.model

"""Job "train": check a training and start it, in a process that outlives this one.

Request: `config`, the fields of TrainConfig, and `run`, the run's folder or null for a new one of
the user's; or `resume`, the folder of a run that shall go on. Result: `run`, its folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..dataset import Dataset
from ..runs import RunFolder, new_run_path, start
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    resume = request.get("resume")
    if resume:
        run = RunFolder(Path(resume))
    else:
        job.report("Checking the dataset and the settings")
        run = _prepared(request)
    job.report("Starting the training")
    start(run, resume=bool(resume))
    return {"run": str(run.path)}


def _prepared(request: dict[str, Any]) -> RunFolder:
    # What users get wrong most often is refused before PyTorch is imported, which takes seconds.
    dataset = request["config"].get("dataset")
    if dataset is not None:
        Dataset.open(dataset)
    from ..training import TrainConfig, prepare_run

    config = TrainConfig.checked(request["config"])
    return prepare_run(request.get("run") or new_run_path(config.name), config)

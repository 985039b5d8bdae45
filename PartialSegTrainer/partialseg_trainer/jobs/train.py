"""Job "train": check a training and make its run folder.

Request: `config`, the fields of TrainConfig, and `run`, the run's folder or null for a new one of
the user's. Result: `run`, its folder. Whoever gets the result starts the training (`runs.start`):
a job that is cancelled ends with all that it started, and must not take a training with it.
"""

from __future__ import annotations

from typing import Any

from ..dataset import Dataset
from ..runs import new_run_path
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    request = job.request()
    job.report("Checking the dataset and the settings")
    # What users get wrong most often is refused before PyTorch is imported, which takes seconds.
    dataset = request["config"].get("dataset")
    if dataset is not None:
        Dataset.open(dataset)
    from ..training import TrainConfig, prepare_run

    config = TrainConfig.checked(request["config"])
    run = prepare_run(request.get("run") or new_run_path(config.name), config)
    return {"run": str(run.path)}

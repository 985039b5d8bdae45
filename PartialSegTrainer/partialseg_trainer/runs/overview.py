"""What is shown of runs: of each how it stands, or what is wrong with it."""

from __future__ import annotations

import os
from typing import NamedTuple

from ..errors import UserError
from ..failures import explain_failure
from .folder import RunFolder, list_runs
from .metrics import read_metrics
from .reading import read_status
from .status import RunStatus


class RunReading(NamedTuple):
    """What a run's folder says; `status` is None where it is damaged, and `problem` says how.

    `best_dice` is the highest mean Dice of an epoch on the validation scans; None where unknown.
    """

    run: RunFolder
    status: RunStatus | None
    problem: str
    best_dice: float | None


def read_run(run: RunFolder) -> RunReading:
    """Read a run. Whatever is wrong with it is a problem of this run, and raises nothing."""
    try:
        status = read_status(run)
        scores = [row.get("validation_dice") for row in read_metrics(run)]
        best = max((score for score in scores if score is not None), default=None)
        return RunReading(run, status, "", best)
    except UserError as error:
        return RunReading(run, None, str(error), None)
    except OSError as error:
        problem = f"{error.filename or run.path} cannot be read ({error.strerror})."
        return RunReading(run, None, problem, None)
    # One bad run never hides the others, and there is always one more way to be bad.
    except Exception as error:
        return RunReading(run, None, explain_failure(error), None)


def read_runs(root: str | os.PathLike | None = None) -> list[RunReading]:
    """The runs under `root`, or this user's, the newest first."""
    return [read_run(run) for run in list_runs(root)]

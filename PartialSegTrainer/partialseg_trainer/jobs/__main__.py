"""The process that does a job: `python -m partialseg_trainer.jobs KIND FOLDER [WHERE]`.

It starts in a folder of the engine's own, from which nobody else's modules can be imported
(`interpreter.engine_process`). WHERE is where its starter is, and the files of the request are
named from.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import traceback
from pathlib import Path

from ..errors import UserError
from ..failures import explain_failure
from .folder import JobError, JobFolder

KINDS = (
    *("adopt", "age", "case", "cases", "check", "complete", "dataset", "devices"),
    *("export", "growth", "phantom", "rank", "scans", "segment", "train"),
)


def main(kind: str, folder: Path, where: str | None = None) -> int:
    """Do the job and return the exit code: 0 with a result, 1 with an error."""
    job = JobFolder(folder)
    try:
        if where is not None:
            os.chdir(where)
        if kind not in KINDS:
            raise UserError(f"There is no job '{kind}'; choose one of {', '.join(KINDS)}.")
        # PyTorch alone takes seconds to import.
        job.report("Starting")
        # Each kind imports what it needs alone: checking an annotation needs nothing but numpy.
        job.finish(importlib.import_module(f"{__package__}.{kind}").work(job))
    except Exception as error:
        logging.exception("The job %s failed", kind)
        job.fail(explain_failure(error), **_details(error))
        return 1
    return 0


def _details(error: Exception) -> dict[str, object]:
    """What goes with the sentence: what the job adds, or for a developer where it arose."""
    if isinstance(error, JobError):
        return error.details
    return {} if isinstance(error, UserError) else {"log": traceback.format_exc()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))

"""The process that does a job: `python -m partialseg_trainer.jobs KIND FOLDER`."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

from ..errors import UserError
from .folder import JobFolder

KINDS = ("cases", "check", "devices", "export", "phantom", "rank", "segment", "train")


def main(kind: str, folder: Path) -> int:
    """Do the job and return the exit code: 0 with a result, 1 with an error."""
    job = JobFolder(folder)
    try:
        if kind not in KINDS:
            raise UserError(f"There is no job '{kind}'; choose one of {', '.join(KINDS)}.")
        # Each kind imports what it needs alone: checking an annotation needs nothing but numpy.
        job.finish(importlib.import_module(f"{__package__}.{kind}").work(job))
    except Exception as error:
        logging.exception("The job %s failed", kind)
        details = {}
        if hasattr(error, "contradictions"):
            from .check import as_json

            details["contradictions"] = [as_json(entry) for entry in error.contradictions]
        job.fail(_explain(error), **details)
        return 1
    return 0


def _explain(error: Exception) -> str:
    """The sentence for a person; only a UserError says it in its own words."""
    if isinstance(error, UserError):
        return str(error)
    # It needs packages that a job without torch may lack.
    from ..runs.failures import explain_failure

    return explain_failure(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))

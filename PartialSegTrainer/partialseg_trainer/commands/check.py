"""`partialseg check`: everything that is wrong with a dataset, at once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .failures import ExitCode
from .options import AsJson
from .terminal import counted, print_json, progress_bar, say

_STYLES = {"error": "red", "warning": "yellow"}


def check(
    dataset: Annotated[Path, typer.Argument(help="The dataset's folder.", metavar="DATASET")],
    as_json: AsJson = False,
) -> None:
    """List every problem of a dataset at once.

    The exit code is 1 if there are errors, 0 if there are only warnings or none at all.

    Example:

        partialseg check my-dataset
    """
    from ..dataset import check_dataset

    with progress_bar("Checking scans") as advance:
        problems = check_dataset(dataset, advance)
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if as_json:
        listed = [asdict(problem) for problem in problems]
        print_json(
            {
                "dataset": str(dataset),
                "errors": errors,
                "warnings": warnings,
                "problems": listed,
            }
        )
    else:
        for problem in problems:
            place = dataset if problem.file == "." else dataset / problem.file
            say(f"{problem.severity}: {place}: {problem.message}", _STYLES[problem.severity])
        found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        say(f"{dataset}: {found if problems else 'no problems'}.")
    if errors:
        raise typer.Exit(ExitCode.PROBLEMS)

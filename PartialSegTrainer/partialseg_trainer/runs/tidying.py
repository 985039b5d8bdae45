"""What trainings that were killed leave in a run's folder, and who removes it."""

from __future__ import annotations

import os
from pathlib import Path

from ..files import leftovers, remove
from .folder import RunFolder


def tidy(run: RunFolder) -> list[Path]:
    """Remove halves of writes from the run, and say which they were.

    For the one who holds the run's lock, so that nobody else is writing.
    """
    found = [path for folder, _, _ in os.walk(run.path) for path in leftovers(folder)]
    found += [path for path in run.path.rglob(f"{run.model.name}.new") if path.is_dir()]
    for path in found:
        remove(path)
    return found

"""Work that a program with a window asks for in a process of its own: `python -m ... KIND FOLDER`.

The folder is the whole contract. It holds `request.json` and arrays as `.npy` to begin with; the
process writes `progress.json` as it goes and at the end `result.json`, or `error.json`.
"""

from .folder import JobError, JobFolder

__all__ = ["JobError", "JobFolder"]

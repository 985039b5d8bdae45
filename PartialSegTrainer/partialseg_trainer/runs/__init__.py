"""Run folders: start a training in a process of its own, watch it, stop it and resume it."""

from .control import kill, request_stop, wait
from .folder import RunFolder, default_root, list_runs, new_run_path
from .launch import start
from .log import read_log_tail
from .metrics import read_metrics
from .overview import RunReading, read_run, read_runs
from .reading import read_status
from .reporter import RunReporter
from .status import RunState, RunStatus

__all__ = [
    "RunFolder",
    "RunReading",
    "RunReporter",
    "RunState",
    "RunStatus",
    "default_root",
    "kill",
    "list_runs",
    "new_run_path",
    "read_log_tail",
    "read_metrics",
    "read_run",
    "read_runs",
    "read_status",
    "request_stop",
    "start",
    "wait",
]

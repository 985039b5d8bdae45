"""Run folders: start a training in a process of its own, watch it, stop it and resume it."""

from .control import kill, request_stop, wait
from .folder import RunFolder, default_root, list_runs, new_run_path
from .launch import start
from .log import read_log_tail
from .metrics import read_metrics
from .reading import read_status
from .reporter import RunReporter
from .status import RunState, RunStatus

__all__ = [
    "RunFolder",
    "RunReporter",
    "RunState",
    "RunStatus",
    "default_root",
    "kill",
    "list_runs",
    "new_run_path",
    "read_log_tail",
    "read_metrics",
    "read_status",
    "request_stop",
    "start",
    "wait",
]

"""Job "devices": what can compute on this computer.

Request: nothing. Result: `devices`, the best first, each with the `name` that trainings and
segmentations take, a `title` in words, and `memory_gb` or null; the name of the `default` one;
the CPU's `threads`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from ..networks.device import list_devices
from .folder import JobFolder


def work(job: JobFolder) -> dict[str, Any]:
    return inventory()


def inventory() -> dict[str, Any]:
    """The result of the job."""
    devices = list_devices()
    return {
        "devices": [asdict(device) for device in devices],
        "default": devices[0].name,
        "threads": torch.get_num_threads(),
    }

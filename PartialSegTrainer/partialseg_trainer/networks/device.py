"""Which device computes, and in which precision."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..errors import UserError


@dataclass(frozen=True)
class Device:
    """One thing that can compute: its name for `choose_device`, and for people.

    `memory_gb` is that of a CUDA GPU, in units of 2^30 bytes; None for the others, which share the
    computer's.
    """

    name: str
    title: str
    memory_gb: float | None


def list_devices() -> tuple[Device, ...]:
    """All that can compute here, first what "auto" chooses; the CPU is last."""
    names = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    devices = [torch.device(name) for name in (*names, "cpu")]
    return tuple(Device(str(device), describe(device), _memory_gb(device)) for device in devices)


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA if there is one, else Apple's GPU, else the CPU.

    Raises UserError for a device that this computer does not have.
    """
    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        else:
            name = "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or not _is_here(device):
        raise UserError(
            f"This computer has no device '{name}' that PyTorch can use; choose auto or cpu."
        )
    return device


def _is_here(device: torch.device) -> bool:
    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.backends.mps.is_available())


def describe(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return f"GPU: {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return "GPU: Apple"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads != 1 else ''}"


def _memory_gb(device: torch.device) -> float | None:
    if device.type != "cuda":
        return None
    return round(torch.cuda.get_device_properties(device).total_memory / 2**30, 1)


def use_threads(count: int | None) -> None:
    """Compute on the CPU with so many threads, in the whole process; None leaves it to PyTorch."""
    if count is not None:
        torch.set_num_threads(count)


def lightning_precision(name: str, device: torch.device) -> str:
    """Lightning's name of a precision; "auto" is bfloat16 where a GPU has it, else float32."""
    if name == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported()
        name = "bfloat16" if fast else "float32"
    return {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}[name]

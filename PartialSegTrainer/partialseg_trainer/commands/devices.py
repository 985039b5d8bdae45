"""`partialseg devices`: what can compute on this computer."""

from __future__ import annotations

from .options import AsJson
from .terminal import busy, print_json, show


def devices(as_json: AsJson = False) -> None:
    """List what can compute here: GPUs that PyTorch can use, and the CPU.

    The names are those that --device takes; the first is what "auto" chooses.

    Example:

        partialseg devices
    """
    with busy("Looking for devices"):
        from ..jobs.devices import inventory

        found = inventory()
    if as_json:
        print_json(found)
        return
    from rich.table import Table

    table = Table("Name", "Device")
    table.add_column("Memory (GB)", justify="right")
    for device in found["devices"]:
        memory = device["memory_gb"]
        table.add_row(device["name"], device["title"], "" if memory is None else f"{memory:g}")
    show(table)

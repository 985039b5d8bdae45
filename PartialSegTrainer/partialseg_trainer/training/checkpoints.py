"""Checkpoints that are on the disk whole or not at all."""

from __future__ import annotations

import os
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from ..files import atomic_path


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place and renames it.

    Lightning's own moves it there from the system's temporary folder, which is a copy where that
    lies on another disk: a full disk or a power cut in the middle of it would cost both the new
    checkpoint and the last one, from which to resume.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | os.PathLike,
        storage_options: Any | None = None,
    ) -> None:
        with atomic_path(path) as temporary:
            torch.save(checkpoint, temporary)

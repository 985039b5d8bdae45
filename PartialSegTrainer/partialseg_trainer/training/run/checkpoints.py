"""Checkpoints: on the disk whole or not at all, and from which of them a training goes on."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from ...errors import UserError
from ...files import atomic_path
from ...runs import RunFolder

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"
# What is missing there is looked for in the next.
_ORDER = (LAST, PREVIOUS, BEST)
_PARTS = {"epoch": int, "global_step": int, "state_dict": dict, "optimizer_states": list}


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place and renames it; the last one stays as the previous one.

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
            if Path(path).name == LAST:
                _keep_as_previous(Path(path))


def _keep_as_previous(last: Path) -> None:
    """Give the last checkpoint a second name, under which it stays when the next takes its own."""
    # Some file systems have no second names, and a training goes on without.
    with suppress(OSError), atomic_path(last.with_name(PREVIOUS)) as temporary:
        os.link(last, temporary)


def checkpoint_to_resume(run: RunFolder, expected: Mapping[str, Any]) -> Path | None:
    """The checkpoint from which a training goes on; None where there is none.

    Args:
        expected: the state of the module that will take it.

    Raises UserError, which says from which other one it can go on, where it is damaged.
    """
    found = [run.checkpoints / name for name in _ORDER if (run.checkpoints / name).is_file()]
    if not found:
        return None
    first, *others = found
    try:
        read_checkpoint(first, expected)
    except UserError as error:
        raise UserError(f"{error} {_remedy(first, others, expected)}") from error
    return first


def read_checkpoint(path: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU. No code in it is executed.

    Raises UserError where it is damaged, or belongs to another training.
    """
    # First, so that an error of the disk is not taken for one of the content.
    whole = io.BytesIO(path.read_bytes())
    try:
        content = torch.load(whole, map_location="cpu", weights_only=True)
    # It raises whatever the damage leads to: RuntimeError, EOFError, UnpicklingError, KeyError.
    except Exception as error:
        raise UserError(f"{path} is damaged ({type(error).__name__}).") from error
    wrong = not isinstance(content, dict) or any(
        not isinstance(content.get(name), kind) for name, kind in _PARTS.items()
    )
    if wrong:
        raise UserError(f"{path} is no checkpoint of a training.")
    if _shapes(content["state_dict"]) != _shapes(expected):
        raise UserError(f"{path} is of another network than the run's settings describe.")
    return content


def _remedy(damaged: Path, others: list[Path], expected: Mapping[str, Any]) -> str:
    for other in others:
        with suppress(UserError, OSError):
            epoch = read_checkpoint(other, expected)["epoch"] + 1
            earlier = others[: others.index(other)]
            names = " and ".join(path.name for path in (damaged, *earlier))
            return (
                f"Delete {names} and resume: the training goes on from {other.name}, after epoch "
                f"{epoch}."
            )
    names = " and ".join(path.name for path in (damaged, *others))
    return f"Put it back from a copy, or delete {names} and resume: the training begins anew."


def _shapes(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(tensor, "shape", None) for name, tensor in state.items()}

"""Take a model among the user's own: that of a run, where it stays when the run is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..files import atomic_folder, plain_name
from ..runs import RunFolder
from .info import INFO_FILE, read_info
from .places import user_models


def use_model(run: RunFolder | str | Path) -> Path:
    """Copy the model of a run to `user_models()`, and return its folder there; see `adopt`.

    Raises UserError when the run has no model.
    """
    if not isinstance(run, RunFolder):
        run = RunFolder(Path(run))
    run.require()
    if not (run.model / INFO_FILE).is_file():
        raise UserError(
            f"The run {run.name} has no model yet; let it finish at least one epoch, or choose "
            "another run."
        )
    return adopt(run.model)


def adopt(model: Path, files: Sequence[str] | None = None) -> Path:
    """Copy a model's folder to `user_models()` under its name, and return its folder there.

    A model of that name is never replaced: the copy gets a number behind its name, and a model
    that is there already, by the checksum of its weights, is not copied again.

    Args:
        files: the names of all that is copied, where it is there; None for the whole folder.
    """
    info = read_info(model)
    first = user_models() / plain_name(info.name, "model")
    folder, count = first, 1
    while folder.exists():
        if _weights(folder) == info.weights_sha256 != "":
            return folder
        count += 1
        folder = first.with_name(f"{first.name}-{count}")
    with atomic_folder(folder) as temporary:
        for file in sorted(model.iterdir()):
            if files is None and file.is_dir():
                shutil.copytree(file, temporary / file.name)
            elif files is None or file.name in files:
                shutil.copyfile(file, temporary / file.name)
    return folder


def _weights(folder: Path) -> str | None:
    """The checksum of a model's weights; None where the folder holds no readable model."""
    try:
        return read_info(folder).weights_sha256
    except UserError:
        return None

"""A model that learned from one scan's drawing, kept as a model of its own."""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError
from ..networks.model import Model, save_model, versions
from ..training.run.card import model_card


def require_new(folder: Path) -> None:
    """Raise UserError when a model cannot be kept in a folder, because something is there."""
    if folder.exists():
        raise UserError(f"{folder} is there already; name a new folder for the model.")


def keep(model: Model, folder: Path) -> None:
    """Write the model's folder. Raises UserError when something is there already."""
    require_new(folder)
    info = model.info.model_copy(
        update={
            "name": f"{model.info.name}-adapted",
            "training_data": f"{model.info.training_data}; then what was drawn on one scan",
            "versions": versions(),
            # They were measured before it learned.
            "scores": {},
        }
    )
    save_model(folder, model.network, info, model_card(info, model.scheme))
